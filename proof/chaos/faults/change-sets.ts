/**
 * A set is added while messages flow, by a rolling restart, and another one is drained and brought up again; the next
 * time the added one is drained. It is done with `godwit sets`, as an operator would.
 */
import { join } from "node:path";
import { setIdSchema } from "#domain/ids.ts";
import { until } from "#testkit/until.ts";
import type { Fault, FaultContext } from "./fault.ts";
import { waitingOn } from "./waiting-on.ts";

const ADDED = { set: "syd2", region: "syd" };
const READY_BOUND_MS = 60_000;
const USED_BOUND_MS = 30_000;
const DRAINED_BOUND_MS = 60_000;
/** Answers that were on their way when it was drained have come by then. */
const QUIET_MS = 2_000;
const QUIET_BOUND_MS = 30_000;
const ROOT = join(import.meta.dir, "../../..");

export const changeSets: Fault = {
  name: "add-set-drain-set",
  available: () => undefined,
  async cause(context) {
    const { stack, watch } = context;
    const isNew = stack.platform.sets.every(({ name }) => name !== ADDED.set);
    const drained = isNew ? "syd1" : ADDED.set;
    context.detail({ added: isNew ? ADDED.set : null, drained });
    if (isNew) await addSet(context);
    const before = watch.acknowledgedOn(ADDED.set);
    await until(
      `messages on ${ADDED.set}`,
      USED_BOUND_MS,
      () => watch.acknowledgedOn(ADDED.set) > before + 10 || undefined,
    );
    context.onHeal(() => sets(stack.dataDir, "up", drained));
    await sets(stack.dataDir, "drain", drained);
    const store = stack.stores.filter(({ set }) => set === setIdSchema.parse(drained));
    // Receipts and replies are taken from wherever they came in.
    const left = (): Promise<number> => waitingOn(store, /^(?:inbox|submit)\./);
    const isEmpty = async (): Promise<true | undefined> => (await left()) === 0 || undefined;
    await until(`${drained} to be worked off`, DRAINED_BOUND_MS, isEmpty, 200);
    const isQuiet = await until(`no more messages on ${drained}`, QUIET_BOUND_MS, async () => {
      const since = watch.acknowledgedOn(drained);
      await context.clock.sleep(QUIET_MS);
      return watch.acknowledgedOn(drained) === since || undefined;
    }).catch(() => false);
    const took = isQuiet ? "takes no more" : "goes on taking messages";
    return { happened: isQuiet, evidence: `${ADDED.set} took messages; ${drained} was worked off and ${took}` };
  },
};

async function addSet({ stack }: FaultContext): Promise<void> {
  await stack.addSet(ADDED);
  await sets(stack.dataDir, "readonly", ADDED.set);
  for (const name of ["worker", "worker-2", "connectors", "connectors-2", "projector", "edge"]) {
    const role = stack.role(name);
    await role.restart();
    await role.waitForReady(READY_BOUND_MS);
  }
  await sets(stack.dataDir, "up", ADDED.set);
}

/** Throws what the command said when it failed. */
async function sets(dataDir: string, ...args: readonly string[]): Promise<void> {
  const argv = [process.execPath, join(ROOT, "cli/main.ts"), "sets", ...args, "--data", dataDir];
  const child = Bun.spawn(argv, { stdout: "ignore", stderr: "pipe" });
  const [words, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`godwit sets ${args.join(" ")}: ${words}`);
}
