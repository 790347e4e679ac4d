/**
 * What a process says of itself in /metrics, whatever its role: how late its event loop is, and how large its heap is.
 * The live heap, after a full collection, is known only where an operator asked for it: a collection stops the process
 * for tens of milliseconds. It goes by the process's own clock and not by a request, so there is nothing to call from
 * outside.
 */
import { z } from "zod";
import { wholeNumber } from "#core/config/env.ts";
import type { Clock } from "#domain/clock.ts";
import { LATENCY_BUCKETS, type Metrics } from "./metrics.ts";

/** The heap as the runtime tells of it. */
export interface ProcessMemory {
  /** Of the script heap and the buffers that it owns: live, or garbage that nobody has collected yet. */
  heapBytes(): number;
  /** A full collection, done when it returns. Absent where the runtime was not started so that it can. */
  readonly collect?: (() => void) | undefined;
}

/** Twenty looks a second cost nothing that can be measured, and a stall of 50 ms or more is always seen. */
const LOOP_LOOK_MS = 50;

/**
 * The setting of every role that has /metrics: a full collection this often, and `godwit_heap_live_bytes` after it.
 * Absent: never.
 */
export const liveHeapSetting = {
  GODWIT_LIVE_HEAP_EVERY_SECONDS: z.optional(wholeNumber({ min: 5, max: 86_400 })),
} as const;

/** The runtime cannot collect on demand, and was asked to. */
class LiveHeapError extends Error {
  readonly code = "live_heap_unavailable";
  readonly retryable = false;

  constructor() {
    const why = "this process cannot collect its heap on demand: on Deno set DENO_V8_FLAGS=--expose-gc as well";
    super(`Cannot start with GODWIT_LIVE_HEAP_EVERY_SECONDS as ${why}`);
    this.name = "LiveHeapError";
  }
}

/**
 * Adds to `metrics`: histogram `godwit_event_loop_delay_seconds`, gauge `godwit_heap_bytes`, and with
 * `liveHeapEverySeconds` gauge `godwit_heap_live_bytes`, absent before the first collection. Dispose to stop. Throws
 * LiveHeapError where a collection is asked for that the runtime cannot do.
 */
export function watchProcess(
  metrics: Metrics,
  deps: {
    readonly clock: Clock;
    readonly memory: ProcessMemory;
    readonly liveHeapEverySeconds?: number | undefined;
  },
): Disposable {
  const { clock, memory, liveHeapEverySeconds } = deps;
  const { collect } = memory;
  if (liveHeapEverySeconds !== undefined && collect === undefined) throw new LiveHeapError();
  const delay = metrics.histogram("godwit_event_loop_delay_seconds", "How late timers ran", LATENCY_BUCKETS);
  metrics.gauge("godwit_heap_bytes", "Heap in use, garbage included", () => [
    { labels: {}, value: memory.heapBytes() },
  ]);
  const loop = repeat(clock, LOOP_LOOK_MS, (lateMs) => delay.observe(lateMs / 1_000));
  if (liveHeapEverySeconds === undefined || collect === undefined) return loop;

  let liveBytes: number | undefined;
  metrics.gauge("godwit_heap_live_bytes", "Heap after the last full collection", () =>
    liveBytes === undefined ? [] : [{ labels: {}, value: liveBytes }],
  );
  const census = repeat(clock, liveHeapEverySeconds * 1_000, () => {
    collect();
    liveBytes = memory.heapBytes();
  });
  return {
    [Symbol.dispose]() {
      loop[Symbol.dispose]();
      census[Symbol.dispose]();
    },
  };
}

function repeat(clock: Clock, everyMs: number, look: (lateMs: number) => void): Disposable {
  let waiting = wait();
  function wait(): { cancel(): void } {
    const dueAt = clock.monotonic() + everyMs;
    return clock.after(everyMs, () => {
      look(Math.max(0, clock.monotonic() - dueAt));
      waiting = wait();
    });
  }
  return { [Symbol.dispose]: () => waiting.cancel() };
}
