/** Keeps the roles of a running platform alive: running → died → pause → running. It never touches one that lives. */
import type { Clock } from "#domain/clock.ts";
import type { RoleProcess } from "#testkit/role-process.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Who has run this long has not died of its start: the next pause is short again. */
const STEADY_MS = 60_000;

export type SupervisedRole = Pick<RoleProcess, "name" | "exited" | "pid" | "restart">;

/** Restarts whoever dies until `signal` aborts. Resolves when it has let go of all, so that they can be stopped. */
export async function supervise(
  roles: readonly SupervisedRole[],
  deps: { readonly clock: Clock; readonly signal: AbortSignal; readonly tell: (line: string) => void },
): Promise<void> {
  await Promise.all(roles.map((role) => watch(role, deps)));
}

async function watch(role: SupervisedRole, { clock, signal, tell }: Parameters<typeof supervise>[1]): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  let pauseMs = FIRST_PAUSE_MS;
  let since = clock.monotonic();
  while (!signal.aborted) {
    const exit = await Promise.race([role.exited, stopped]);
    if (exit === undefined || signal.aborted) return;
    if (clock.monotonic() - since >= STEADY_MS) pauseMs = FIRST_PAUSE_MS;
    tell(`${role.name} died (${exit.signal ?? `exit code ${exit.code}`}): it starts again in ${pauseMs / 1000} s`);
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    try {
      await role.restart();
      tell(`${role.name} runs again (pid ${role.pid})`);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    since = clock.monotonic();
  }
}
