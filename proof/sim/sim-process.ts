/**
 * One process: what its clock, its answers and its end are. Everything that reaches it is a delivery (a timer or an
 * answer), counted, so that it can be killed at the k-th. States: running → paused (deliveries wait) → running, or →
 * dead (they never come: its promises never settle; another life is another SimProcess).
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import type { SimTime } from "./sim-time.ts";

/** When every run begins, in milliseconds since the epoch. */
export const EPOCH_MS = 1_800_000_000_000;

/** A timer is never early by its own clock. */
const ROUNDING_MS = 1e-6;

export interface SimProcessOptions {
  readonly name: string;
  readonly time: SimTime;
  readonly random: Random;
  /** How far its wall clock is off, in milliseconds. */
  readonly offsetMs?: number;
  /** How fast its clocks run: 1.001 gains a millisecond a second. */
  readonly rate?: number;
}

export class SimProcess {
  readonly name: string;
  readonly random: Random;
  readonly clock: Clock;
  readonly #time: SimTime;
  readonly #onDeath: (() => void)[] = [];
  readonly #nameHash: number;
  readonly #rate: number;
  readonly #bornAt: number;
  #offsetMs: number;
  #state: "running" | "paused" | "dead" = "running";
  #deliveries = 0;
  #killAt = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  constructor({ name, time, random, offsetMs = 0, rate = 1 }: SimProcessOptions) {
    this.name = name;
    this.random = random;
    this.#time = time;
    this.#offsetMs = offsetMs;
    this.#rate = rate;
    this.#bornAt = time.now;
    this.#nameHash = [...name].reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) | 0, 7);
    this.clock = {
      now: () => Math.floor(EPOCH_MS + this.#time.now * this.#rate + this.#offsetMs),
      monotonic: () => (this.#time.now - this.#bornAt) * this.#rate,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      after: (ms, run) => this.#after(ms, run),
    };
  }

  get state(): "running" | "paused" | "dead" {
    return this.#state;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Runs `act` in this process: at once, when it runs again, or never. */
  deliver(act: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "paused") {
      this.#waiting.push(act);
      return;
    }
    this.#deliveries += 1;
    this.#time.hash.add(this.#nameHash);
    if (this.#deliveries >= this.#killAt) this.kill();
    else act();
  }

  /** Dies in place of the `count`-th delivery from now. */
  killAfter(count: number): void {
    this.#killAt = this.#deliveries + count;
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#waiting = [];
    for (const act of this.#onDeath) act();
  }

  /** Its connections break: told from outside. */
  onDeath(act: () => void): void {
    this.#onDeath.push(act);
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) this.#time.after(0, () => this.deliver(act));
  }

  jumpClock(ms: number): void {
    this.#offsetMs += ms;
  }

  #after(ms: number, run: () => void): { cancel(): void } {
    let cancelled = false;
    const timer = this.#time.after(this.#rate === 1 ? ms : ms / this.#rate + ROUNDING_MS, () => {
      this.deliver(() => {
        if (!cancelled) run();
      });
    });
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#after(ms, done);
      signal?.addEventListener("abort", done);
    });
  }
}
