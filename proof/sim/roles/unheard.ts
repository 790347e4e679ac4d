/** Metrics that nobody reads. */
import type { Counter, Histogram } from "#core/metrics/metrics.ts";

export const unheard: { readonly counter: Counter; readonly histogram: Histogram } = {
  counter: { add: () => undefined },
  histogram: { observe: () => undefined },
};
