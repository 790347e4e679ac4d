/**
 * Simulated time: a heap of timers. The earliest runs, then every promise that it settled, then the next; where two are
 * due at once, seeded chance decides. Nothing real is waited for, so the same seed gives the same run.
 */
import { drainMicrotasks } from "bun:jsc";
import type { Random } from "#domain/random.ts";

interface Timer {
  readonly at: number;
  /** Decides among those of one moment. */
  readonly tie: number;
  readonly order: number;
  /** Undefined: it was cancelled. */
  run: (() => void) | undefined;
}

/** Fewer are not worth a sweep. */
const CANCELLED_MAX = 64;

/** Everything that happens, in order, as one number. */
class RunHash {
  #hash = 0x811c9dc5;

  add(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193) >>> 0;
    this.#hash = Math.imul(this.#hash ^ (value / 4_294_967_296), 0x01000193) >>> 0;
  }
  addText(text: string): void {
    this.add(Bun.hash.crc32(text));
  }
  get value(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }
}

export class SimTime {
  readonly hash = new RunHash();
  readonly #random: Random;
  #heap: Timer[] = [];
  /** Of the heap. Most timers are time limits of what is answered at once. */
  #cancelled = 0;
  #now: number;
  #order = 0;
  #steps = 0;

  /** What is to be there before the run begins happens from `startMs` on. */
  constructor(random: Random, startMs = 0) {
    this.#random = random;
    this.#now = startMs;
  }

  /** Milliseconds since the run began; below 0 before it. */
  get now(): number {
    return this.#now;
  }

  /** Timers that were run. */
  get steps(): number {
    return this.#steps;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const at = this.#now + Math.max(0, ms);
    const timer = { at, tie: this.#random.fraction(), order: this.#order++, run };
    this.#push(timer);
    return {
      cancel: () => this.#cancel(timer),
    };
  }

  /**
   * Runs timers until `isOver` (asked after each) or until `endMs`; false in the second case. Call it from a macrotask:
   * inside a microtask promises cannot be driven.
   */
  runUntil(isOver: () => boolean, endMs: number): boolean {
    drainMicrotasks();
    while (!isOver()) {
      const timer = this.#pop();
      if (timer === undefined || timer.at > endMs) {
        if (timer !== undefined) this.#push(timer);
        return false;
      }
      this.#now = timer.at;
      this.#steps += 1;
      this.hash.add(Math.round(timer.at * 1_000));
      const { run } = timer;
      timer.run = undefined;
      run?.();
      drainMicrotasks();
    }
    return true;
  }

  /** What it would have run is let go at once, and so is its place, when there are many of them. */
  #cancel(timer: Timer): void {
    if (timer.run === undefined) return;
    timer.run = undefined;
    this.#cancelled += 1;
    if (this.#cancelled < CANCELLED_MAX || 2 * this.#cancelled < this.#heap.length) return;
    const held = this.#heap.filter(({ run }) => run !== undefined);
    this.#heap = [];
    this.#cancelled = 0;
    for (const each of held) this.#push(each);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, timer)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  /** The earliest that was not cancelled. */
  #pop(): Timer | undefined {
    for (;;) {
      const [first] = this.#heap;
      const last = this.#heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (first !== last) this.#sink(last);
      if (first.run !== undefined) return first;
      this.#cancelled -= 1;
    }
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      let least = left;
      if (right !== undefined && isBefore(right, left)) {
        child += 1;
        least = right;
      }
      if (isBefore(timer, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = timer;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  if (one.at !== other.at) return one.at < other.at;
  return one.tie !== other.tie ? one.tie < other.tie : one.order < other.order;
}
