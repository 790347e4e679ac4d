/**
 * Wake-ups of one set for one process: a change stream on the chunks, open only while somebody waits, rings the bells of
 * the lanes that chunks were put on. It is a hint: whatever it misses is found when a wait ends by its time.
 *
 * States: silent (nobody waits) → opening → listening → silent; or → out of order (the set is away, or so much is put
 * on its lanes that looking for it now and then costs less than hearing of all of it) → opening.
 */
import type { MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import type { Bell } from "../store.ts";
import { openChunkStream } from "./chunk-stream.ts";
import type { Collections } from "./documents.ts";

/** With nobody waiting for this long it stops listening. */
const KEEP_MS = 1_000;
/** More chunks than this in a window: it is out of order. Loops that work look forty times a second by themselves. */
const LOUD_CHUNKS = 60;
const LOUD_WINDOW_MS = 1_000;
/** How long it stays so; doubled while it comes back as loud. */
const REST_FIRST_MS = 1_000;
const REST_MAX_MS = 16_000;

export interface Doorbell extends Disposable {
  bell(lanes: readonly Lane[], options: { readonly pollMs: number }): Bell;
}

interface Waiter {
  readonly lanes: ReadonlySet<Lane>;
  rung: boolean;
  /** Ends the wait under way. */
  end: (() => void) | undefined;
}

/** Disposing it ends the listening; a question under way is left to the closing of the client. */
export function createDoorbell(deps: {
  readonly client: MongoClient;
  readonly collections: Collections;
  readonly clock: Clock;
}): Doorbell {
  const { clock } = deps;
  const waiters = new Set<Waiter>();
  const stop = new AbortController();
  let isListening = false;
  let waitedAt = Number.NEGATIVE_INFINITY;
  /** Ends the silence. */
  let wake: (() => void) | undefined;

  const isWaitedFor = (): boolean =>
    clock.monotonic() - waitedAt < KEEP_MS || [...waiters].some((waiter) => waiter.end !== undefined);

  /** Ends when nobody waits or it gets too loud. Throws when the set is away. */
  async function listen(): Promise<"silent" | "loud"> {
    await using stream = await openChunkStream(deps);
    isListening = true;
    // What was put there while the stream was being opened has rung no bell.
    ring(waiters, "all");
    let since = clock.monotonic();
    let heard = 0;
    while (!stop.signal.aborted && isWaitedFor()) {
      const lanes = await stream.next();
      ring(waiters, lanes);
      heard += lanes.length;
      const spentMs = clock.monotonic() - since;
      if (heard > LOUD_CHUNKS && spentMs < 2 * LOUD_WINDOW_MS) return "loud";
      if (spentMs >= LOUD_WINDOW_MS) [since, heard] = [clock.monotonic(), 0];
    }
    return "silent";
  }

  async function run(): Promise<void> {
    let restMs = REST_FIRST_MS;
    while (!stop.signal.aborted) {
      if (!isWaitedFor()) await new Promise<void>((resolve) => (wake = resolve));
      const startedAt = clock.monotonic();
      const end = await listen().catch(() => "away" as const);
      isListening = false;
      if (end === "silent") continue;
      // Waits that rely on being rung must end and go on by looking.
      ring(waiters, "all");
      if (clock.monotonic() - startedAt > REST_MAX_MS) restMs = REST_FIRST_MS;
      await clock.sleep(restMs, stop.signal);
      restMs = end === "loud" ? Math.min(REST_MAX_MS, restMs * 2) : REST_FIRST_MS;
    }
  }

  async function wait(waiter: Waiter, ms: number, pollMs: number, signal: AbortSignal): Promise<void> {
    if (!waiter.rung) {
      const rung = new AbortController();
      waiter.end = () => rung.abort();
      wake?.();
      await clock.sleep(isListening ? ms : Math.min(ms, pollMs), AbortSignal.any([signal, rung.signal]));
      waiter.end = undefined;
      waitedAt = clock.monotonic();
    }
    waiter.rung = false;
  }

  void run();
  return {
    bell(lanes, { pollMs }) {
      const waiter: Waiter = { lanes: new Set(lanes), rung: false, end: undefined };
      waiters.add(waiter);
      return {
        wait: (ms, signal) => wait(waiter, ms, pollMs, signal),
        [Symbol.dispose]: () => void waiters.delete(waiter),
      };
    },
    [Symbol.dispose]() {
      stop.abort();
      wake?.();
    },
  };
}

function ring(waiters: ReadonlySet<Waiter>, lanes: readonly Lane[] | "all"): void {
  for (const waiter of waiters) {
    if (lanes !== "all" && !lanes.some((lane) => waiter.lanes.has(lane))) continue;
    waiter.rung = true;
    waiter.end?.();
  }
}
