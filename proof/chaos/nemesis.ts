/**
 * Causes the faults, one round after the other: quiet → fault → healed → whole again → what was acknowledged before is
 * final. Each step is written to the history; what does not come back in time is said, and the run goes on.
 */

import type { Clock } from "#domain/clock.ts";
import { messageIdSchema, setOfMessage } from "#domain/ids.ts";
import type { ProviderControl } from "#testkit/provider-control.ts";
import { seededStream } from "../seeded-random.ts";
import type { Fault, FaultContext } from "./faults/fault.ts";
import type { Load } from "./load/open-load.ts";
import type { EventWatch } from "./recorder/event-watch.ts";
import type { RunFolder } from "./recorder/run-folder.ts";
import type { Round } from "./schedule.ts";
import type { ChaosStack } from "./stack/open-stack.ts";

const FAULT_MS_MAX = 150_000;
const HEAL_MS_MAX = 90_000;
const WHOLE_MS_MAX = 60_000;
/** Two leases, an election and a provider's time-out. */
const SETTLE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 200;
const IDS_SHOWN = 5;

export interface NemesisDeps<L = Load> {
  readonly stack: ChaosStack;
  readonly load: L;
  readonly watch: EventWatch;
  readonly provider: ProviderControl;
  readonly folder: RunFolder;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Breaks a fault off; it is healed then. */
  readonly signal: AbortSignal;
}

export interface RoundResult {
  readonly fault: string;
  readonly round: number;
  readonly happened: boolean;
  readonly evidence: string;
  /** Acknowledged before the end of the fault and not final long after. */
  readonly stalled: number;
}

export async function runRound<L>(deps: NemesisDeps<L>, fault: Fault<L>, round: Round): Promise<RoundResult> {
  const { folder, say } = deps;
  const { round: number } = round;
  const write = (type: string, line: object): void => {
    folder.write("nemesis", { fault: fault.name, round: number, type, ...line });
  };
  say(`round ${number}: ${fault.name}`);
  const stops = fault.stopsAcceptance ? { stopsAcceptance: true } : {};
  const undo: (() => Promise<void> | void)[] = [];
  const heal = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  const context: FaultContext<L> = {
    ...deps,
    random: seededStream(round.seed, "round"),
    detail: (detail) => write("start", { detail: { ...detail, ...stops } }),
    onHeal: (step) => void undo.push(step),
    heal,
  };
  let proof = { happened: false, evidence: "" };
  try {
    proof = await Promise.race([within(deps, FAULT_MS_MAX, fault.cause(context)), aborted(deps.signal)]);
    write("proof", proof);
  } catch (error) {
    proof = { happened: false, evidence: String(error) };
    write("failed", { error: String(error) });
  }
  try {
    await within(deps, HEAL_MS_MAX, heal());
    await within(deps, WHOLE_MS_MAX, whole(deps.stack));
  } catch (error) {
    write("failed", { error: `not healed: ${String(error)}` });
    proof = { happened: false, evidence: `${proof.evidence}; not healed: ${String(error)}` };
  }
  write("end", { detail: {} });
  const stalled = await settled(deps);
  if (stalled.length > 0) write("stalled", { messages: stalled.length, ids: stalled.slice(0, IDS_SHOWN) });
  say(`  ${proof.happened ? "happened" : "DID NOT HAPPEN"}: ${proof.evidence}`);
  if (stalled.length > 0)
    say(`  STALLED: ${stalled.length} messages: ${bySet(stalled)} ${stalled.slice(0, IDS_SHOWN)}`);
  return { fault: fault.name, round: number, ...proof, stalled: stalled.length };
}

/** Every member healthy, every role up and ready. */
async function whole(stack: ChaosStack): Promise<void> {
  await Promise.all(stack.platform.sets.map((set) => set.waitForHealthy(WHOLE_MS_MAX)));
  for (const [name, role] of stack.roles) {
    if (!role.alive) throw new Error(`${name} is down`);
    if (name !== "simulator") await role.waitForReady(WHOLE_MS_MAX);
  }
}

/** Waits for all that was acknowledged so far, and returns what is not final in time. */
async function settled({ watch, clock, signal }: Omit<NemesisDeps, "load">): Promise<readonly string[]> {
  const since = clock.monotonic();
  const waiting = (): readonly string[] => [...watch.open].flatMap(([id, at]) => (at < since ? [id] : []));
  while (clock.monotonic() < since + SETTLE_MS_MAX && waiting().length > 0 && !signal.aborted)
    await clock.sleep(LOOK_EVERY_MS);
  return waiting();
}

function bySet(ids: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const set = setOfMessage(messageIdSchema.parse(id));
    counts.set(set, (counts.get(set) ?? 0) + 1);
  }
  return [...counts].map(([set, count]) => `${count} on ${set}`).join(", ");
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function within<T>({ clock }: Pick<NemesisDeps, "clock">, ms: number, run: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => reject(new Error(`not done after ${ms} ms`)));
  try {
    return await Promise.race([run, promise]);
  } finally {
    timer.cancel();
    run.catch(() => undefined);
  }
}
