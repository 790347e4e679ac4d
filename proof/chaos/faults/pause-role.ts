/** SIGSTOP of a worker or a connector for longer than its leases: another one takes over, then it wakes up. */
import { readFileSync, statSync } from "node:fs";
import { pick } from "#domain/random.ts";
import type { Fault, FaultContext, Proof } from "./fault.ts";
import { oldestOn, waitingOn } from "./waiting-on.ts";

/** Leases last 15 s. */
const PAUSED_MS = 18_000;
const WORK_BOUND_MS = 5_000;
const LOOK_EVERY_MS = 10;
/** Until the woken process has found out. */
const AWAKE_MS = 3_000;
/** What still waits so long after the stop is held: the other process takes the rest within milliseconds. */
const STUCK_MS = 2_500;
/** No pause begins later, so that all of them end within FAULT_MS_MAX. */
const TRY_MS_MAX = 90_000;
const TRIES_MAX = 12;

export interface Victim {
  readonly name: string;
  readonly processes: readonly string[];
  readonly lanes: RegExp;
  /** A pause in which it held nothing shows nothing. Workers hold for milliseconds: of them it is not asked. */
  readonly mustHold: boolean;
}

export const VICTIMS: readonly Victim[] = [
  {
    name: "pause-worker",
    processes: ["worker", "worker-2"],
    lanes: /^(?:inbox\.|receipts|replies|relay)/,
    mustHold: false,
  },
  { name: "pause-connectors", processes: ["connectors", "connectors-2"], lanes: /^submit\./, mustHold: true },
];

export const pauseRoleFaults: readonly Fault[] = VICTIMS.map((victim) => ({
  name: victim.name,
  available: () => undefined,
  cause: (context) => pauseUntilProven(context, victim),
}));

async function pauseUntilProven(context: FaultContext, victim: Victim): Promise<Proof> {
  const { clock, stack } = context;
  const process = pick(victim.processes, context.random) ?? "";
  context.detail({ process, pid: stack.role(process).pid });
  const limit = clock.monotonic() + TRY_MS_MAX;
  let proof: Proof = { happened: false, evidence: "" };
  let tries = 0;
  while (!proof.happened && tries < TRIES_MAX && clock.monotonic() < limit) {
    // One that has just woken up holds nothing yet, and would be stopped before it does: 12 times of 12, once.
    if (tries > 0) await clock.sleep(AWAKE_MS);
    tries += 1;
    proof = await pause(context, process, victim);
  }
  return tries === 1 ? proof : { ...proof, evidence: `${proof.evidence}; pause ${tries}` };
}

async function pause(context: FaultContext, process: string, { lanes, mustHold }: Victim): Promise<Proof> {
  const { clock, stack, watch } = context;
  const role = stack.role(process);
  const logStart = statSync(role.logFile).size;
  await watch.catchUp();
  const [doubts, finals] = [watch.doubts("takeover"), watch.finals];
  const inHand = await untilWork(context, lanes);
  context.onHeal(() => role.signal("SIGCONT"));
  role.signal("SIGSTOP");
  const stoppedAt = clock.monotonic();
  if (mustHold) {
    await clock.sleep(STUCK_MS);
    if (!isStuck(await oldestOn(stack.stores, lanes))) {
      await context.heal();
      return { happened: false, evidence: `${process} held nothing when it was stopped` };
    }
  }
  await clock.sleep(PAUSED_MS - (clock.monotonic() - stoppedAt));
  const state = stateOf(role.pid ?? 0);
  await watch.catchUp();
  const others = watch.finals - finals;
  await context.heal();
  await clock.sleep(AWAKE_MS);
  await watch.catchUp();
  const lost = linesSince(role.logFile, logStart, "claim.lease_lost");
  const taken = watch.doubts("takeover") - doubts;
  return provePause({ process, state, inHand, others, taken, lost }, { mustHold });
}

/** Whether the oldest chunk, so old after STUCK_MS, lies in the hands of the process that stands still. */
export function isStuck(oldestMs: number): boolean {
  return oldestMs >= STUCK_MS;
}

export interface PauseSeen {
  readonly process: string;
  /** Of the process in its pause: "T" is stopped. */
  readonly state: string;
  /** Items that waited or were held when it was stopped. */
  readonly inHand: number;
  /** Messages that became final meanwhile. */
  readonly others: number;
  /** Segments that another process took over in doubt. */
  readonly taken: number;
  /** Leases that the woken process found lost. */
  readonly lost: number;
}

/** What was seen of a whole pause → whether it was one, and of a process that held something. */
export function provePause(seen: PauseSeen, { mustHold }: Pick<Victim, "mustHold">): Proof {
  const { process, state, inHand, others, taken, lost } = seen;
  const evidence =
    `${process} in state ${state} for ${PAUSED_MS} ms with ${inHand} in hand; meanwhile ${others} messages became ` +
    `final, ${taken} segments were taken over in doubt, ${lost} leases found lost`;
  const happened = state === "T" && inHand > 0 && others > 0 && (!mustHold || taken + lost > 0);
  return { happened, evidence };
}

/** How much waits or is held, as soon as it is anything. */
async function untilWork({ clock, stack }: FaultContext, lanes: RegExp): Promise<number> {
  const limit = clock.monotonic() + WORK_BOUND_MS;
  for (;;) {
    const inHand = await waitingOn(stack.stores, lanes);
    if (inHand > 0 || clock.monotonic() >= limit) return inHand;
    await clock.sleep(LOOK_EVERY_MS);
  }
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
