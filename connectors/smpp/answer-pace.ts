/** Whether a link answers slowly: a mean that forgets, with room between slow and quick so that it does not flap. */

/** Each answer moves the mean by this share of the way: the last few dozen count. */
const SHARE = 1 / 16;
/** It is quick again at half of what is slow. */
const QUICK_SHARE = 0.5;

export class AnswerPace {
  readonly #slowMs: number;
  #meanMs: number | undefined;
  #isSlow = false;

  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  /** Of the last answers; 0 before the first. */
  get meanMs(): number {
    return Math.round(this.#meanMs ?? 0);
  }

  /** An answer took `ms`, or none came in that time. Says when the link becomes slow, or quick again. */
  observe(ms: number): "slow" | "quick" | undefined {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) * SHARE;
    if (!this.#isSlow && this.#meanMs > this.#slowMs) {
      this.#isSlow = true;
      return "slow";
    }
    if (this.#isSlow && this.#meanMs < this.#slowMs * QUICK_SHARE) {
      this.#isSlow = false;
      return "quick";
    }
    return undefined;
  }
}
