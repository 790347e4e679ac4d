/** A schedule of faults from a seed: a few of them, of few kinds, as combinations are what breaks systems. */
import type { Random } from "#domain/random.ts";
import { between, chance, oneOf } from "../../seeded-random.ts";
import type { FaultTargets } from "./fault-kind.ts";
import { type Fault, faultKinds } from "./fault-table.ts";

/** Faults begin within this; the clients begin what they do within it too. */
const FAULTS_MS = 9_000;
const FIRST_MS = 400;
/** Runs in which one thing fails and no more, so that nothing else excuses who stops for it. */
const ALONE_SHARE = 0.1;

/** In the order of their times. */
export function planFaults(random: Random, targets: FaultTargets): readonly Fault[] {
  const weighted = faultKinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
  const count = between(random, 2, 7);
  const faults = Array.from({ length: count }, () => {
    const at = between(random, FIRST_MS, FAULTS_MS);
    const { kind, plan } = oneOf(random, weighted);
    return { at, kind, ...plan(random, targets) } as Fault;
  });
  if (chance(random, ALONE_SHARE)) return [planAbsence(random, targets)];
  return faults.toSorted((one, other) => one.at - other.at);
}

/** One set is away for long, and nothing else happens: all that is not of it goes on as ever. */
function planAbsence(random: Random, { sets }: FaultTargets): Fault {
  const [at, awayMs] = [between(random, FIRST_MS, FAULTS_MS / 2), between(random, 10_000, 16_000)];
  return { at, kind: "elect", set: oneOf(random, sets), how: "killed", awayMs, survives: random.fraction() };
}
