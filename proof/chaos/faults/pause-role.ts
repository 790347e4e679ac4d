/** SIGSTOP of a worker or a connector for longer than its leases: another one takes over, then it wakes up. */
import { readFileSync, statSync } from "node:fs";
import { pick } from "#domain/random.ts";
import type { Fault, FaultContext, Proof } from "./fault.ts";
import { waitingOn } from "./waiting-on.ts";

/** Leases last 15 s. */
const PAUSED_MS = 18_000;
const WORK_BOUND_MS = 5_000;
const LOOK_EVERY_MS = 10;
/** Until the woken process has found out. */
const AWAKE_MS = 3_000;

const VICTIMS = [
  { name: "pause-worker", processes: ["worker", "worker-2"], lanes: /^(?:inbox\.|receipts|replies|relay)/ },
  { name: "pause-connectors", processes: ["connectors", "connectors-2"], lanes: /^submit\./ },
] as const;

export const pauseRoleFaults: readonly Fault[] = VICTIMS.map(({ name, processes, lanes }) => ({
  name,
  available: () => undefined,
  cause: (context) => pause(context, pick(processes, context.random) ?? "", lanes),
}));

async function pause(context: FaultContext, name: string, lanes: RegExp): Promise<Proof> {
  const { clock, stack, watch } = context;
  const role = stack.role(name);
  context.detail({ process: name, pid: role.pid });
  const logStart = statSync(role.logFile).size;
  const [doubts, finals] = [watch.doubts("takeover"), watch.finals];
  context.onHeal(() => role.signal("SIGCONT"));
  const limit = clock.monotonic() + WORK_BOUND_MS;
  let inHand = 0;
  while (inHand === 0 && clock.monotonic() < limit) {
    inHand = await waitingOn(stack.stores, lanes);
    if (inHand === 0) await clock.sleep(LOOK_EVERY_MS);
  }
  role.signal("SIGSTOP");
  await clock.sleep(PAUSED_MS);
  const state = stateOf(role.pid ?? 0);
  const others = watch.finals - finals;
  await context.heal();
  await clock.sleep(AWAKE_MS);
  await watch.catchUp();
  const lost = linesSince(role.logFile, logStart, "claim.lease_lost");
  const taken = watch.doubts("takeover") - doubts;
  const evidence =
    `${name} in state ${state} for ${PAUSED_MS} ms with ${inHand} in hand; meanwhile ${others} messages became ` +
    `final, ${taken} segments were taken over in doubt, ${lost} leases found lost`;
  return { happened: state === "T" && inHand > 0 && others > 0, evidence };
}

/** "T": stopped. proc(5) */
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "?";
  } catch {
    return "?";
  }
}

function linesSince(file: string, start: number, word: string): number {
  const text = readFileSync(file).subarray(start).toString("utf8");
  return text.split("\n").filter((line) => line.includes(word)).length;
}
