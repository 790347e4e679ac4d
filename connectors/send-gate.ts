/**
 * How many segments one link may send now: the free slots of its window, less those kept for alerts, and no more than
 * the rate that its provider takes. Wakes its owner when the rate lets more go.
 */
import type { Clock } from "#domain/clock.ts";
import type { RefusalClass } from "./connector.ts";
import { SendRate } from "./send-rate.ts";

/** Slots that only alerts may use, as a share of the window: bulk that waits for its answers must not hold one up. */
const ALERT_SHARE = 0.1;
/** So many full queues within a second are the provider's, not some recipients' [SMPP 3.4 §5.1.3, 0x14]. */
const QUEUE_FULL_MAX = 3;
const QUEUE_FULL_MS = 1_000;

interface Limits {
  /** Segments that may be unanswered at once. */
  readonly window: number;
  /** As contracted; absent: none until the provider complains. */
  readonly ratePerSecond?: number | undefined;
}

interface SendGateOptions extends Limits {
  readonly clock: Clock;
  /** More may go than before, by the rate. */
  readonly onChange: () => void;
}

export class SendGate {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #rate: SendRate;
  #reserved: number;
  #contract: number | undefined;
  #timer: { cancel(): void } | undefined;
  /** When queues were full, monotonic. */
  #queuesFull: number[] = [];

  constructor({ window, ratePerSecond, clock, onChange }: SendGateOptions) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#rate = new SendRate(ratePerSecond, clock.monotonic());
    this.#contract = ratePerSecond;
    this.#reserved = reservedOf(window);
  }

  /** What the provider said of its load is kept, unless there is another contract. */
  adjust({ window, ratePerSecond }: Limits): void {
    this.#reserved = reservedOf(window);
    if (ratePerSecond === this.#contract) return;
    this.#contract = ratePerSecond;
    this.#rate = new SendRate(ratePerSecond, this.#clock.monotonic());
  }

  /** Of the `free` slots of the window, those that may be used now. */
  slots(free: number, urgent: boolean): number {
    const slots = free - (urgent ? 0 : this.#reserved);
    if (slots <= 0) return 0;
    const allowed = this.#rate.available(urgent, this.#clock.monotonic());
    if (allowed < 1) this.#wakeLater();
    return Math.min(slots, allowed);
  }

  /** Whether the rate lets one go, be it an alert's. */
  isOpenAt(now: number): boolean {
    return this.#rate.available(true, now) >= 1;
  }

  /** One was written, while it was open. */
  take(now: number): void {
    this.#rate.take(now);
  }

  /** What a refusal of what was written at `sentAt` says of the provider's load. `restMs`: it asked for so long. */
  heed(refusal: RefusalClass, sentAt: number, restMs?: number): void {
    const now = this.#clock.monotonic();
    if (refusal === "throttle" || (refusal === "busy" && this.#isQueueFull(now))) {
      this.#rate.throttled(sentAt, now, restMs);
    }
  }

  /** congestion_state, 0-100 [SMPP 5.0 §4.8.4.18]. */
  congested(state: number): void {
    this.#rate.congested(state, this.#clock.monotonic());
  }

  /** It wakes nobody any more. */
  close(): void {
    this.#timer?.cancel();
  }

  #isQueueFull(now: number): boolean {
    this.#queuesFull = [...this.#queuesFull.filter((at) => now - at < QUEUE_FULL_MS), now].slice(-QUEUE_FULL_MAX - 1);
    return this.#queuesFull.length > QUEUE_FULL_MAX;
  }

  #wakeLater(): void {
    const now = this.#clock.monotonic();
    const at = this.#rate.nextAt(now);
    if (at === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.after(Math.max(1, Math.ceil(at - now)), () => {
      this.#timer = undefined;
      this.#onChange();
    });
  }
}

function reservedOf(window: number): number {
  return window > 1 ? Math.ceil(window * ALERT_SHARE) : 0;
}
