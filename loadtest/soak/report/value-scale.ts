/** Where a value is drawn on an axis, from 0 (the bottom) to 1, and which values the axis names. Pure. */

export interface ValueScale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
  readonly logarithmic: boolean;
}

/** Beyond it a value is a broken measurement, and its square would be no number. */
const DRAWN_MAX = 1e15;
/** Less between the lowest and the highest is no difference, and has no steps that a number can hold. */
const SPAN_MIN = 1e-12;
const TICKS_MAX = 4;
const LOG_TICKS_MAX = 4;
/** Of the axis: a tick closer to zero would be written over it. */
const TICK_SHARE_MIN = 0.12;
/** A peak this many times the median flattens all else to a line on the floor of a linear axis. */
const LOG_FROM_TIMES = 30;
/** Fewer positive values than this are left to the space between zero and the first power of ten. */
const USUAL_LOW_SHARE = 0.05;

export function isDrawn(value: number): boolean {
  return Math.abs(value) <= DRAWN_MAX;
}

/**
 * From zero, or from the lowest value where that is below; by powers of ten where a few values are far above the
 * others. For any number of values for which `isDrawn()` holds.
 */
export function scaleFor(values: readonly number[]): ValueScale {
  const [low, high] = extentOf(values);
  const positive = values.filter((value) => value > 0).sort((a, b) => a - b);
  const median = positive[Math.floor(positive.length / 2)] ?? 0;
  if (low >= 0 && median >= 1 && high > LOG_FROM_TIMES * median) {
    return logarithmic(positive[Math.floor(positive.length * USUAL_LOW_SHARE)] ?? 1, high);
  }
  return linear(Math.min(0, low), high);
}

/** The lowest and the highest; [0, 0] of none. */
export function extentOf(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? [low, high] : [0, 0];
}

function linear(low: number, high: number): ValueScale {
  const span = Math.max(high, 0) - low;
  if (span < SPAN_MIN) return { place: () => 0, ticks: [0], logarithmic: false };
  const step = roundStep(span / TICKS_MAX);
  const [first, last] = [Math.floor(low / step), Math.ceil(Math.max(high, 0) / step)];
  return {
    place: (value) => (value / step - first) / (last - first),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12))),
    logarithmic: false,
  };
}

/** Of 1 + value / base, so that zero has its place below the base; its ticks are 0 and powers of ten from the base. */
function logarithmic(usualLow: number, high: number): ValueScale {
  const lowest = Math.max(0, Math.floor(Math.log10(usualLow)));
  const decades = Math.floor(Math.log10(high)) - lowest;
  const every = Math.ceil((decades + 1) / LOG_TICKS_MAX);
  const top = Math.log10(1 + high / 10 ** lowest);
  const powers = Array.from({ length: Math.floor(decades / every) + 1 }, (_, i) => 10 ** (lowest + i * every));
  const place = (value: number): number => Math.log10(1 + value / 10 ** lowest) / top;
  return { place, ticks: [0, ...powers.filter((power) => place(power) > TICK_SHARE_MIN)], logarithmic: true };
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below `least`, which is above zero. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
