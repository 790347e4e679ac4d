/** How long to wait before the next attempt. Pure. */

/**
 * Doubles from `minMs` to `maxMs`; the upper half of it is chance, so that links that fell together do not come back
 * together. `failures` ≥ 1, `fraction` in [0, 1): between half of the step and all of it.
 */
export function backOffMs(bounds: { minMs: number; maxMs: number; failures: number; fraction: number }): number {
  const step = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(30, bounds.failures - 1));
  return Math.round(step / 2 + (step / 2) * bounds.fraction);
}
