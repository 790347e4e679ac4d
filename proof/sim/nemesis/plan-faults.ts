/** A schedule of faults from a seed: a few of them, of few kinds, as combinations are what breaks systems. */
import type { SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { between, chance, oneOf } from "../../seeded-random.ts";
import { wireFaults } from "../sim-wire.ts";
import type { Fault, FaultKind } from "./fault.ts";

/** Faults begin within this; the clients begin what they do within it too. */
const FAULTS_MS = 9_000;
const FIRST_MS = 400;
/** Runs in which one thing fails and no more, so that nothing else excuses who stops for it. */
const ALONE_SHARE = 0.1;

export interface FaultTargets {
  readonly processes: readonly string[];
  readonly connectors: readonly string[];
  readonly sets: readonly SetId[];
}

type Plan = (random: Random, targets: FaultTargets, at: number) => Fault;

const plans: Readonly<Record<FaultKind, Plan>> = {
  kill: (random, { processes }, at) => ({
    at,
    kind: "kill",
    process: oneOf(random, processes),
    afterDeliveries: between(random, 1, chance(random, 0.5) ? 40 : 400),
    downMs: between(random, 200, 4_000),
  }),
  pause: (random, { processes }, at) => ({
    at,
    kind: "pause",
    process: oneOf(random, processes),
    ms: chance(random, 0.4) ? between(random, 15_500, 18_000) : between(random, 500, 9_000),
  }),
  elect: (random, { sets }, at) => ({
    at,
    kind: "elect",
    set: oneOf(random, sets),
    how: oneOf(random, ["killed", "stepped_down"] as const),
    awayMs: chance(random, 0.15) ? between(random, 10_000, 16_000) : between(random, 300, 4_000),
    survives: random.fraction(),
  }),
  isolate: (random, { sets, processes }, at) => ({
    at,
    kind: "isolate",
    set: oneOf(random, sets),
    stays: processes.filter(() => chance(random, 0.4)),
    awayMs: between(random, 500, 4_000),
    survives: random.fraction(),
    ms: between(random, 2_000, 9_000),
  }),
  stall: (random, { sets }, at) => ({
    at,
    kind: "stall",
    set: oneOf(random, sets),
    // A step is asked for 12 s and voided for 3: only then is its outcome left unknown.
    ms: chance(random, 0.4) ? between(random, 16_000, 21_000) : between(random, 300, 9_000),
  }),
  wire: (random, { processes, sets }, at) => ({
    at,
    kind: "wire",
    process: oneOf(random, processes),
    set: oneOf(random, sets),
    fault: oneOf(random, wireFaults),
    ms: between(random, 200, 12_000),
  }),
  jump: (random, { processes }, at) => ({ at, kind: "jump", process: oneOf(random, processes), byMs: jumpMs(random) }),
  jump_set: (random, { sets }, at) => ({ at, kind: "jump_set", set: oneOf(random, sets), byMs: jumpMs(random) }),
  link: (random, { connectors }, at) => ({
    at,
    kind: "link",
    process: oneOf(random, connectors),
    ms: between(random, 100, 7_000),
  }),
  drain: (random, { sets }, at) => ({ at, kind: "drain", set: oneOf(random, sets), ms: between(random, 1_500, 8_000) }),
};

function jumpMs(random: Random): number {
  const ms = chance(random, 0.3) ? between(random, 5_000, 30_000) : between(random, 50, 2_000);
  return chance(random, 0.5) ? ms : -ms;
}

/** What happens to what it is, is rarer than the rest. */
const weighted: readonly FaultKind[] = [
  ...(["kill", "kill", "kill", "kill", "elect", "elect", "elect", "wire", "wire", "wire"] as const),
  ...(["isolate", "isolate", "pause", "pause", "stall", "stall", "link", "link", "jump", "jump_set", "drain"] as const),
];

/** One set is away for long, and nothing else happens: all that is not of it goes on as ever. */
function planAbsence(random: Random, { sets }: FaultTargets): Fault {
  const [at, awayMs] = [between(random, FIRST_MS, FAULTS_MS / 2), between(random, 10_000, 16_000)];
  return { at, kind: "elect", set: oneOf(random, sets), how: "killed", awayMs, survives: random.fraction() };
}

/** In the order of their times. */
export function planFaults(random: Random, targets: FaultTargets): readonly Fault[] {
  const count = between(random, 2, 7);
  const faults = Array.from({ length: count }, () => {
    const at = between(random, FIRST_MS, FAULTS_MS);
    return plans[oneOf(random, weighted)](random, targets, at);
  });
  if (chance(random, ALONE_SHARE)) return [planAbsence(random, targets)];
  return faults.toSorted((one, other) => one.at - other.at);
}
