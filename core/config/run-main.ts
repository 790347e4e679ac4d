/**
 * The frame of a Bun role's main: real environment, SIGTERM and SIGINT as one signal, one readable line when it fails.
 */
import type { Clock } from "#domain/clock.ts";

export type Role = (env: Readonly<Record<string, string | undefined>>, signal: AbortSignal) => Promise<void>;

/** What is used of the process; the main file hands it in. */
export interface HostProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: { write(text: string): unknown };
  on(event: "SIGTERM" | "SIGINT" | "unhandledRejection", listener: (reason?: unknown) => void): unknown;
  exit(code: number): never;
}

/** A role that has not drained by then is stopped: a supervisor would kill it anyway, and leases cover the rest. */
const DRAIN_MS = 30_000;

export async function runMain(role: Role, deps: { readonly host: HostProcess; readonly clock: Clock }): Promise<void> {
  const { host, clock } = deps;
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    host.on(name, () => {
      if (stop.signal.aborted) return;
      stop.abort();
      clock.after(DRAIN_MS, () => host.exit(1));
    });
  }
  // A promise that nobody waits for failed: a defect. Better to end, loudly, than to go on without a part of us.
  host.on("unhandledRejection", (reason) => {
    host.stderr.write(`${describe(reason)}\n`);
    host.exit(1);
  });
  try {
    await role(host.env, stop.signal);
  } catch (error) {
    host.stderr.write(`${describe(error)}\n`);
    host.exit(1);
  }
  host.exit(0);
}

/** People get a sentence for what they can mend, and a stack for what only we can. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? error.message : (error.stack ?? error.message);
}
