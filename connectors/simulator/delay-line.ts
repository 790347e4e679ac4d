/**
 * Runs things later, in order, with one timer for each length of delay: a timer a receipt would cost more than the
 * receipt.
 */
import type { Clock } from "#domain/clock.ts";

export interface DelayLine {
  /** After `ms`, and never in the same turn. */
  after(ms: number, run: () => void): void;
  /** Forgets everything that waits. */
  clear(): void;
}

interface Queue {
  readonly delayMs: number;
  items: { readonly dueAt: number; readonly run: () => void }[];
  timer: { cancel(): void } | undefined;
}

export function createDelayLine(clock: Clock): DelayLine {
  const queues = new Map<number, Queue>();

  function fire(queue: Queue): void {
    queue.timer = undefined;
    const now = clock.monotonic();
    const later = queue.items.findIndex(({ dueAt }) => dueAt > now);
    const due = later < 0 ? queue.items : queue.items.slice(0, later);
    queue.items = later < 0 ? [] : queue.items.slice(later);
    arm(queue);
    for (const { run } of due) run();
  }

  function arm(queue: Queue): void {
    const [first] = queue.items;
    if (queue.timer !== undefined) return;
    if (first === undefined) queues.delete(queue.delayMs);
    else queue.timer = clock.after(Math.max(0, Math.ceil(first.dueAt - clock.monotonic())), () => fire(queue));
  }

  return {
    after(ms, run) {
      const queue: Queue = queues.get(ms) ?? { delayMs: ms, items: [], timer: undefined };
      queues.set(ms, queue);
      queue.items.push({ dueAt: clock.monotonic() + ms, run });
      arm(queue);
    },
    clear() {
      for (const queue of queues.values()) queue.timer?.cancel();
      queues.clear();
    },
  };
}
