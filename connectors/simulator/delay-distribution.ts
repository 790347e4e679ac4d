/** How long something takes, as data: a fixed time, or a distribution that chance draws from. Pure. */
import { z } from "zod";
import type { Random } from "#domain/random.ts";

/** An hour: what is meant to be later than that is a phase of a script. */
const DELAY_MS_MAX = 3_600_000;
const STEPS_MAX = 20;
/** The 0.99 quantile of the standard normal distribution. */
const Z_99 = 2.326_347_874;

const ms = z.number().min(0).max(DELAY_MS_MAX);

/** `medianMs` and `p99Ms` are what a person reads off a provider's graph; half of all delays are below the first. */
const byQuantiles = {
  medianMs: ms,
  p99Ms: ms,
};
const isAscending = ({ medianMs, p99Ms }: { medianMs: number; p99Ms: number }): boolean => p99Ms >= medianMs;
const notAscending = { error: "must not be below medianMs", path: ["p99Ms"] };

const uniform = z
  .strictObject({ kind: z.literal("uniform"), fromMs: ms, toMs: ms })
  .refine(({ fromMs, toMs }) => toMs >= fromMs, { error: "must not be below fromMs", path: ["toMs"] });
const normal = z.strictObject({ kind: z.literal("normal"), ...byQuantiles }).refine(isAscending, notAscending);
/** The usual one: most are quick, some are very slow. A median of 0 would be no distribution. */
const lognormal = z
  .strictObject({ kind: z.literal("lognormal"), ...byQuantiles, medianMs: ms.positive() })
  .refine(isAscending, notAscending);

const ONE_OF_THESE =
  "must be a number of milliseconds or one of {kind: uniform, fromMs, toMs}, {kind: normal, medianMs, p99Ms}, " +
  "{kind: lognormal, medianMs, p99Ms}, {kind: steps, steps: [{share, delay}]}";

const simple = z.union([ms, z.discriminatedUnion("kind", [uniform, normal, lognormal], { error: ONE_OF_THESE })], {
  error: ONE_OF_THESE,
});
/** A mixture: shares are weights, so they need not sum to 1. */
const steps = z.strictObject({
  kind: z.literal("steps"),
  steps: z
    .array(z.strictObject({ share: z.number().positive().max(1_000_000), delay: simple }))
    .min(1)
    .max(STEPS_MAX),
});

export const delaySchema = z.union(
  [ms, z.discriminatedUnion("kind", [uniform, normal, lognormal, steps], { error: ONE_OF_THESE })],
  { error: ONE_OF_THESE },
);
export type Delay = z.output<typeof delaySchema>;

/** One delay in milliseconds, from 0 to an hour. A fixed one costs no chance. */
export function drawDelayMs(delay: Delay, random: Random): number {
  if (typeof delay === "number") return delay;
  switch (delay.kind) {
    case "uniform":
      return delay.fromMs + (delay.toMs - delay.fromMs) * random.fraction();
    case "normal":
      return bounded(delay.medianMs + ((delay.p99Ms - delay.medianMs) / Z_99) * drawNormal(random));
    case "lognormal":
      return bounded(delay.medianMs * Math.exp((Math.log(delay.p99Ms / delay.medianMs) / Z_99) * drawNormal(random)));
    case "steps":
      return drawDelayMs(drawWeighted(delay.steps, random).delay, random);
  }
}

/** One of the entries, each as often as its share of all shares says. The list has one entry or more. */
export function drawWeighted<T extends { readonly share: number }>(entries: readonly T[], random: Random): T {
  let left = random.fraction() * entries.reduce((sum, { share }) => sum + share, 0);
  for (const entry of entries) {
    left -= entry.share;
    if (left < 0) return entry;
  }
  const last = entries.at(-1);
  if (last === undefined) throw new RangeError("Cannot draw an entry as there is none");
  return last;
}

function bounded(value: number): number {
  return Math.min(DELAY_MS_MAX, Math.max(0, value));
}

/** Box and Muller's: standard normal out of two fractions, of which the first must not be 0. */
function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}
