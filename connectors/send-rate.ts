/**
 * How fast one link may send: a token bucket of the contracted rate, and below it what the provider takes at present.
 * Told "too fast", it rests for a second, goes on at half, and recovers by a twentieth a second (additive increase,
 * multiplicative decrease). Without a contract there is no limit until the provider complains, and none again once
 * twice the rate of the complaint went well. Pure: no I/O, no clock but the `now` it is given, monotonic milliseconds.
 */

/** After a complaint nothing is sent for so long. */
export const REST_MS = 1_000;
/** Longer than this nobody rests by a provider's word alone: it is asked again, and may say it again. */
const REST_MAX_MS = 60_000;
const CUT = 0.5;
/** Of the ceiling, a second. */
const RECOVERY_PER_S = 0.05;
/** Below this, or a tenth of the contract, no complaint cuts: what little is left, the rests slow down. */
const PER_SECOND_MIN = 10;
const CONTRACT_SHARE_MIN = 0.1;
/** Without a contract: a complaint at less says little of what the provider can take. */
const CEILING_MIN = 100;
/** Without a contract: past this many times the rate of the last complaint there is no limit. */
const FORGET_AT = 2;
/** What the bucket holds beyond the alerts' share: a timer may be late by so much without loss of rate. */
const BURST_MS = 20;
/** Tokens only alerts may take, as a share of a second's. Below the bound the next token is near enough. */
const ALERT_SHARE = 0.01;
const ALERT_SHARE_FROM_PER_S = 50;
/** congestion_state [SMPP 5.0 §4.8.4.18]: optimum from 80, nearing congestion from 90. */
const OPTIMUM = 80;
const NEAR_CONGESTION = 90;

interface Bucket {
  readonly capacity: number;
  readonly reserved: number;
  readonly perMs: number;
  /** Tokens worth waking up for. */
  readonly wanted: number;
}

export class SendRate {
  readonly #contract: number;
  readonly #least: number;
  /** What `#limit` recovers towards; without a contract, the rate of the last complaint. */
  #ceiling: number;
  /** A second, as of `#since`; infinite: none. */
  #limit: number;
  #since: number;
  #restUntil: number;
  #cutAt = Number.NEGATIVE_INFINITY;
  #tokens: number;
  #filledAt: number;
  /** Sent in this second and in the one before. */
  #second: number;
  #sent = 0;
  #sentBefore = 0;

  /** `perSecond`: the contract; undefined: none. */
  constructor(perSecond: number | undefined, now: number) {
    this.#contract = perSecond ?? Number.POSITIVE_INFINITY;
    this.#least = Math.min(PER_SECOND_MIN, this.#contract * CONTRACT_SHARE_MIN);
    this.#ceiling = this.#contract;
    this.#limit = this.#contract;
    this.#since = now;
    this.#restUntil = now;
    this.#filledAt = now;
    this.#second = now;
    this.#tokens = bucketOf(this.#contract).capacity;
  }

  /** Segments that may go now; infinite without a limit. */
  available(urgent: boolean, now: number): number {
    if (now < this.#restUntil) return 0;
    const limit = this.limit(now);
    if (limit === Number.POSITIVE_INFINITY) return limit;
    this.#fill(limit, now);
    return Math.max(0, Math.floor(this.#tokens - (urgent ? 0 : bucketOf(limit).reserved)));
  }

  /** One was written. Call it for no more than were available. */
  take(now: number): void {
    this.#count(now);
    if (this.#limit !== Number.POSITIVE_INFINITY) this.#tokens -= 1;
  }

  /** When more may go than now; undefined: now. For a timer: enough tokens at once to be worth it. */
  nextAt(now: number): number | undefined {
    if (now < this.#restUntil) return this.#restUntil;
    const limit = this.limit(now);
    if (limit === Number.POSITIVE_INFINITY) return undefined;
    this.#fill(limit, now);
    const { reserved, wanted, perMs } = bucketOf(limit);
    if (this.#tokens >= reserved + 1) return undefined;
    return now + (reserved + wanted - this.#tokens) / perMs;
  }

  /** Segments a second at present; infinite: no limit. */
  limit(now: number): number {
    if (this.#limit === Number.POSITIVE_INFINITY) return this.#limit;
    const seconds = Math.max(0, now - Math.max(this.#since, this.#restUntil)) / 1_000;
    const limit = this.#limit + seconds * RECOVERY_PER_S * this.#ceiling;
    if (this.#contract !== Number.POSITIVE_INFINITY) return Math.min(this.#contract, limit);
    if (limit < FORGET_AT * this.#ceiling) return limit;
    this.#ceiling = Number.POSITIVE_INFINITY;
    this.#limit = Number.POSITIVE_INFINITY;
    return this.#limit;
  }

  /**
   * The provider said "too fast" to what was written at `sentAt`. One window of complaints is one complaint. `restMs`:
   * as long as it asked for, up to REST_MAX_MS.
   */
  throttled(sentAt: number, now: number, restMs = REST_MS): void {
    if (sentAt <= this.#cutAt) return;
    this.#cut(this.#rateNow(now), now);
    this.#restUntil = now + Math.min(restMs, REST_MAX_MS);
  }

  /** congestion_state, 0-100, as answers may carry it: held at its optimum, cut beyond it, at most once a second. */
  congested(state: number, now: number): void {
    if (state < OPTIMUM || now - this.#cutAt < REST_MS) return;
    const rate = this.#rateNow(now);
    if (state >= NEAR_CONGESTION) this.#cut(rate, now);
    else this.#hold(rate, now);
  }

  /** Of the limit or, without one, of what was sent in the last second. */
  #rateNow(now: number): number {
    const limit = this.limit(now);
    return limit === Number.POSITIVE_INFINITY ? this.#sentInLastSecond(now) : limit;
  }

  #cut(rate: number, now: number): void {
    if (this.#contract === Number.POSITIVE_INFINITY) this.#ceiling = Math.max(CEILING_MIN, rate);
    this.#hold(rate * CUT, now);
    this.#cutAt = now;
  }

  #hold(rate: number, now: number): void {
    if (this.#ceiling === Number.POSITIVE_INFINITY) this.#ceiling = Math.max(CEILING_MIN, rate);
    this.#limit = Math.max(this.#least, rate);
    this.#since = now;
    this.#filledAt = now;
    this.#tokens = Math.min(this.#tokens, bucketOf(this.#limit).capacity);
  }

  #fill(limit: number, now: number): void {
    const { capacity, perMs } = bucketOf(limit);
    this.#tokens = Math.min(capacity, this.#tokens + Math.max(0, now - this.#filledAt) * perMs);
    this.#filledAt = now;
  }

  #count(now: number): void {
    this.#turnSecond(now);
    this.#sent += 1;
  }

  #turnSecond(now: number): void {
    const passed = now - this.#second;
    if (passed < 1_000) return;
    this.#sentBefore = passed < 2_000 ? this.#sent : 0;
    this.#sent = 0;
    this.#second = now;
  }

  /** The last whole second, by the share of it that each of the two counted ones covers. */
  #sentInLastSecond(now: number): number {
    this.#turnSecond(now);
    const share = (now - this.#second) / 1_000;
    return this.#sent + this.#sentBefore * (1 - share);
  }
}

/** In no second more than the rate: what the bucket holds beyond one comes off what flows in. */
function bucketOf(perSecond: number): Bucket {
  if (perSecond === Number.POSITIVE_INFINITY) return { capacity: 0, reserved: 0, perMs: 0, wanted: 0 };
  const burst = 1 + (perSecond * BURST_MS) / 1_000;
  const reserved = perSecond < ALERT_SHARE_FROM_PER_S ? 0 : Math.ceil(perSecond * ALERT_SHARE);
  const capacity = burst + reserved;
  return {
    capacity,
    reserved,
    perMs: (perSecond - (capacity - 1)) / 1_000,
    wanted: Math.max(1, Math.floor(burst / 2)),
  };
}
