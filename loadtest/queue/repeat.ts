/**
 * Interleaved repetitions: the sides of a comparison take turns within each, in an order that rotates, so that a
 * machine that is busier for a while is so for all of them. Ratios are taken within a repetition, and their median is
 * told.
 */
import { percentile } from "../percentile.ts";
import type { Rate } from "./measure-rate.ts";
import type { QueueRig } from "./rig.ts";

export type Rates<Side extends string> = Readonly<Record<Side, readonly Rate[]>>;

export async function repeat<Side extends string>(
  rig: QueueRig,
  what: string,
  sides: Readonly<Record<Side, () => Promise<Rate>>>,
): Promise<Rates<Side>> {
  const names = Object.keys(sides) as Side[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as Rate[]])) as Record<Side, Rate[]>;
  for (let repetition = 0; repetition < rig.repetitions; repetition++) {
    const first = repetition % names.length;
    const order = [...names.slice(first), ...names.slice(0, first)];
    for (const name of order) rates[name].push(await sides[name]());
    const told = names.map((name) => `${name} ${Math.round(rates[name].at(-1)?.perSecond ?? 0)}/s`);
    rig.say(`${what}: ${told.join(", ")}`);
  }
  return rates;
}

export function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return percentile(sorted, 50);
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function medianPerSecond(rates: readonly Rate[]): number {
  return median(rates.map(({ perSecond }) => perSecond));
}

/** The median of what `ours` did over what `theirs` did in the same repetition. */
export function medianRatio(ours: readonly Rate[], theirs: readonly Rate[]): number {
  return median(ours.map(({ perSecond }, i) => perSecond / (theirs[i]?.perSecond ?? Number.NaN)));
}

/** A rate with what it cost, as one figure in parts. */
export function rateFigure(rates: readonly Rate[]): Readonly<Record<string, number>> {
  return {
    per_s: medianPerSecond(rates),
    mongod_us: median(rates.map(({ mongodUs }) => mongodUs)),
    client_us: median(rates.map(({ clientUs }) => clientUs)),
  };
}
