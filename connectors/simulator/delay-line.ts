/**
 * Runs things later, in order of their time, with one timer for all: a timer a receipt would cost more than the
 * receipt. A wheel of slots a millisecond wide; what is further away than one turn waits in its slot for a later turn.
 */
import type { Clock } from "#domain/clock.ts";

interface Item {
  /** The whole millisecond (monotonic) at which it is due. */
  readonly tick: number;
  readonly run: () => void;
}

/** ~4 s a turn. */
const SLOTS = 4_096;
/** ~150 bytes each, and what they hold on to. Past it nothing is lost: it runs in the next turn. */
const WAITING_MAX = 1_000_000;

export class DelayLine {
  readonly #clock: Clock;
  readonly #slots: (Item[] | undefined)[] = new Array(SLOTS).fill(undefined);
  #soon: (() => void)[] = [];
  #soonTimer: { cancel(): void } | undefined;
  #timer: { cancel(): void } | undefined;
  #timerTick = Number.POSITIVE_INFINITY;
  /** Every tick before it has been served. */
  #cursor: number;
  #waiting = 0;
  #hurried = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#cursor = Math.ceil(clock.monotonic());
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Things that ran before their time, as more than a million waited. */
  get hurried(): number {
    return this.#hurried;
  }

  /** After `ms` or up to a millisecond more, and never in the same turn. */
  after(ms: number, run: () => void): void {
    if (ms <= 0) {
      this.#runSoon(run);
    } else if (this.#waiting >= WAITING_MAX) {
      this.#hurried++;
      this.#runSoon(run);
    } else {
      const tick = Math.max(this.#cursor, Math.ceil(this.#clock.monotonic() + ms));
      const slot = this.#slots[tick % SLOTS];
      if (slot === undefined) this.#slots[tick % SLOTS] = [{ tick, run }];
      else slot.push({ tick, run });
      this.#waiting++;
      this.#arm(tick);
    }
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#timer?.cancel();
    this.#soonTimer?.cancel();
    this.#slots.fill(undefined);
    this.#soon = [];
    this.#timer = undefined;
    this.#soonTimer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#waiting = 0;
  }

  #runSoon(run: () => void): void {
    this.#soon.push(run);
    this.#soonTimer ??= this.#clock.after(0, () => {
      const due = this.#soon;
      this.#soon = [];
      this.#soonTimer = undefined;
      for (const each of due) each();
    });
  }

  #arm(tick: number): void {
    if (tick >= this.#timerTick) return;
    this.#timer?.cancel();
    this.#timerTick = tick;
    const ms = Math.max(0, Math.ceil(tick - this.#clock.monotonic()));
    this.#timer = this.#clock.after(ms, () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
    const now = Math.floor(this.#clock.monotonic());
    const due = this.#takeDue(now);
    this.#cursor = Math.max(this.#cursor, now + 1);
    this.#armNext();
    for (const { run } of due) run();
  }

  /** In order of their ticks, and within one in that of their coming. */
  #takeDue(now: number): readonly Item[] {
    const due: Item[] = [];
    const until = Math.min(now, this.#cursor + SLOTS - 1);
    for (let tick = this.#cursor; tick <= until; tick++) {
      const slot = this.#slots[tick % SLOTS];
      if (slot === undefined) continue;
      let later: Item[] | undefined;
      for (const item of slot) {
        if (item.tick <= now) due.push(item);
        else if (later === undefined) later = [item];
        else later.push(item);
      }
      this.#slots[tick % SLOTS] = later;
    }
    this.#waiting -= due.length;
    // After a stall of more than a turn, slots do not come in the order of their ticks.
    return due.sort((one, other) => one.tick - other.tick);
  }

  #armNext(): void {
    if (this.#waiting === 0) return;
    let tick = this.#cursor;
    while (this.#slots[tick % SLOTS] === undefined) tick++;
    this.#arm(tick);
  }
}
