/**
 * Wake-ups of one set for one process. Two things ring the bells of waiting loops: a change stream on the chunks,
 * within milliseconds of a commit, and one look at all the lanes that are waited for, now and then, which also finds
 * delayed chunks, lapsed leases and whatever the stream has missed. So an idle process asks each set once a second,
 * however many loops it has; before, every loop looked by itself, up to 25 times a second.
 *
 * States of the stream: silent (nobody waits) → opening → listening → silent; or → resting (the set is away, or so much
 * is put on its lanes that looking often costs less than hearing of all of it) → opening.
 */
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import type { Bell } from "../store.ts";
import type { ChunkStream } from "./chunk-stream.ts";

/** While the stream is open, looks are this far apart. */
const LOOK_MS = 1_000;
/** With nobody waiting for this long it stops listening. */
const KEEP_MS = 1_000;
/** More chunks than this in a window are too loud. Loops that work look forty times a second by themselves. */
const LOUD_CHUNKS = 60;
const LOUD_WINDOW_MS = 1_000;
/** How long the stream rests; doubled while it comes back as loud. */
const REST_FIRST_MS = 1_000;
const REST_MAX_MS = 16_000;

export interface Doorbell extends Disposable {
  bell(lanes: readonly Lane[], options: { readonly pollMs: number }): Bell;
}

interface Waiter {
  readonly lanes: ReadonlySet<Lane>;
  /** How often its lanes are looked at while the stream is not open. */
  readonly pollMs: number;
  rung: boolean;
  /** Ends the wait under way. */
  end: (() => void) | undefined;
}

interface DoorbellDeps {
  readonly clock: Clock;
  readonly openStream: () => Promise<ChunkStream>;
  /** Lanes of these that have chunks which are ready; some are enough. */
  readonly look: (lanes: readonly Lane[]) => Promise<readonly Lane[]>;
}

/** Disposing it ends the listening; a question under way is left to the closing of the client. */
export function createDoorbell(deps: DoorbellDeps): Doorbell {
  const { clock } = deps;
  const waiters = new Set<Waiter>();
  const stop = new AbortController();
  const stream = createStreamLoop(deps, waiters, { signal: stop.signal, onClosed: () => looks.hurry() });
  const looks = createLookLoop(deps, waiters, { isListening: () => stream.isListening, signal: stop.signal });

  async function wait(waiter: Waiter, ms: number, signal: AbortSignal): Promise<boolean> {
    if (!waiter.rung) {
      const ended = new AbortController();
      waiter.end = () => ended.abort();
      stream.wake();
      looks.wake();
      await clock.sleep(ms, AbortSignal.any([signal, ended.signal]));
      waiter.end = undefined;
    }
    const { rung } = waiter;
    waiter.rung = false;
    return rung;
  }

  return {
    bell(lanes, { pollMs }) {
      const waiter: Waiter = { lanes: new Set(lanes), pollMs, rung: false, end: undefined };
      waiters.add(waiter);
      return {
        wait: (ms, signal) => wait(waiter, ms, signal),
        [Symbol.dispose]: () => void waiters.delete(waiter),
      };
    },
    [Symbol.dispose]() {
      stop.abort();
      stream.wake();
      looks.wake();
    },
  };
}

function createStreamLoop(
  { clock, openStream }: DoorbellDeps,
  waiters: ReadonlySet<Waiter>,
  { signal, onClosed }: { readonly signal: AbortSignal; readonly onClosed: () => void },
) {
  const sleeper = createSleeper();
  let isListening = false;
  let waitedAt = Number.NEGATIVE_INFINITY;

  function isWaitedFor(): boolean {
    if ([...waiters].some(isWaiting)) waitedAt = clock.monotonic();
    return clock.monotonic() - waitedAt < KEEP_MS;
  }

  /** Ends when nobody waits or it gets too loud. Throws when the set is away. */
  async function listen(): Promise<"silent" | "loud"> {
    await using stream = await openStream();
    isListening = true;
    let since = clock.monotonic();
    let heard = 0;
    while (!signal.aborted && isWaitedFor()) {
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
    while (!signal.aborted) {
      if (!isWaitedFor()) await sleeper.sleep();
      if (signal.aborted) return;
      const startedAt = clock.monotonic();
      const end = await listen().catch(() => "away" as const);
      isListening = false;
      onClosed();
      if (end === "silent") continue;
      if (clock.monotonic() - startedAt > REST_MAX_MS) restMs = REST_FIRST_MS;
      await clock.sleep(restMs, signal);
      restMs = end === "loud" ? Math.min(REST_MAX_MS, restMs * 2) : REST_FIRST_MS;
    }
  }

  void run();
  return {
    get isListening() {
      return isListening;
    },
    wake: sleeper.wake,
  };
}

function createLookLoop(
  { clock, look }: DoorbellDeps,
  waiters: ReadonlySet<Waiter>,
  { isListening, signal }: { readonly isListening: () => boolean; readonly signal: AbortSignal },
) {
  const sleeper = createSleeper();
  let pause = new AbortController();

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const waiting = [...waiters].filter(isWaiting);
      if (waiting.length === 0) {
        await sleeper.sleep();
        continue;
      }
      const ms = isListening() ? LOOK_MS : Math.min(LOOK_MS, ...waiting.map(({ pollMs }) => pollMs));
      pause = new AbortController();
      await clock.sleep(ms, AbortSignal.any([signal, pause.signal]));
      const lanes = [...new Set([...waiters].filter(isWaiting).flatMap((waiter) => [...waiter.lanes]))];
      if (lanes.length === 0 || signal.aborted) continue;
      // That a set is away, its loops find out and say by themselves.
      ring(waiters, await look(lanes).catch(() => lanes));
    }
  }

  void run();
  return {
    wake: sleeper.wake,
    /** The stream has closed: a pause that relied on it, of a second, would be one in which nobody is woken. */
    hurry: () => pause.abort(),
  };
}

/** Sleeps until it is woken. */
function createSleeper() {
  let end: (() => void) | undefined;
  return {
    sleep: (): Promise<void> =>
      new Promise((resolve) => {
        end = resolve;
      }),
    wake(): void {
      end?.();
    },
  };
}

function isWaiting(waiter: Waiter): boolean {
  return waiter.end !== undefined;
}

function ring(waiters: ReadonlySet<Waiter>, lanes: readonly Lane[]): void {
  for (const waiter of waiters) {
    if (!lanes.some((lane) => waiter.lanes.has(lane))) continue;
    waiter.rung = true;
    waiter.end?.();
  }
}
