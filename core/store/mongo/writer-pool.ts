/**
 * The writers of one process on one set. A writer is a registered appender with one step in flight; its sequence has no
 * gaps, because a number is used again after a definite abort and settled by a void batch otherwise. States: idle →
 * in use → idle, or → ended when another process fenced it by a closed batch, its last number cannot be settled, or its
 * month is over. All its batches are in the collection of its one month, where they collide with each other.
 */
import type { Clock } from "#domain/clock.ts";
import { StoreError } from "../store.ts";
import { withDeadline } from "./with-deadline.ts";
import { closeWriter, registerWriter, touchWriters, type Writer, type WriterDeps } from "./writer.ts";

/** How long a step in flight is waited for on closing: a healthy one takes milliseconds. */
const CLOSE_WAIT_MS = 2_000;

/** Disposing it waits for the steps in flight (bounded) and ends the writers by a closed batch. */
export interface WriterPool extends AsyncDisposable {
  /** Runs `use` with a writer that nobody else uses. Waits while all are in use; RangeError where there is none. */
  withWriter<T>(urgent: boolean, use: (writer: Writer) => Promise<T>): Promise<T>;
  /** Never gives this writer out again: it was fenced, or its number stays open. A new one takes its place. */
  end(writer: Writer, reason: string): void;
  /** Tells the set that these writers live, and ends those whose month is over. Call it every few seconds. */
  heartbeat(): Promise<void>;
}

interface Slot {
  writer: Writer | undefined;
  readonly urgent: boolean;
  busy: boolean;
  /** Set while closing waits for the step in flight. */
  whenIdle?: () => void;
}

interface PoolDeps extends WriterDeps {
  /** Writers for ordinary steps; one more is kept for alerts. */
  readonly count: number;
}

export function createWriterPool(deps: PoolDeps): WriterPool {
  const { set, log } = deps;
  const slots: Slot[] = Array.from({ length: deps.count + 1 }, (_, i) => ({
    writer: undefined,
    urgent: i === 0,
    busy: false,
  }));
  let closing = false;
  const waiting: { readonly urgent: boolean; readonly resolve: (slot: Slot) => void }[] = [];

  async function take(urgent: boolean): Promise<Slot> {
    if (closing) {
      throw new StoreError("store_unreachable", `Cannot write to ${set} as its store is closed`, { retryable: false });
    }
    if (!urgent && deps.count === 0) {
      throw new RangeError(`Cannot commit an ordinary step to ${set} as it was opened with 'writers' of 0`);
    }
    const free = slots.find((slot) => !slot.busy && slot.urgent === urgent);
    if (free === undefined) return new Promise((resolve) => waiting.push({ urgent, resolve }));
    free.busy = true;
    return free;
  }

  function giveBack(slot: Slot): void {
    const index = waiting.findIndex((waiter) => waiter.urgent === slot.urgent);
    const [next] = index < 0 ? [] : waiting.splice(index, 1);
    if (next !== undefined) {
      next.resolve(slot);
      return;
    }
    slot.busy = false;
    slot.whenIdle?.();
  }

  /** The step in flight stays with its writer; what comes after the end of the month has another. */
  async function turn(slot: Slot): Promise<void> {
    const { writer } = slot;
    if (writer === undefined || !isOver(writer)) return;
    slot.writer = undefined;
    log.info("writer.ended", { set, writer: writer.id, reason: "its month is over" });
    // Where that fails it is left to whoever ends silent writers.
    await closeWriter(deps, writer).catch(() => undefined);
  }

  /** Never back to an earlier month: ideas of the set's clock differ by a moment from answer to answer. */
  const isOver = ({ month }: Writer): boolean => month < deps.schema.month();

  async function turnIfIdle(slot: Slot): Promise<void> {
    if (slot.busy || slot.writer === undefined || !isOver(slot.writer)) return;
    slot.busy = true;
    try {
      await turn(slot);
    } finally {
      giveBack(slot);
    }
  }

  return {
    async withWriter(urgent, use) {
      const slot = await take(urgent);
      try {
        await turn(slot);
        slot.writer ??= await withDeadline(deps.clock, registerWriter(deps));
        return await use(slot.writer);
      } finally {
        giveBack(slot);
      }
    },
    end(writer, reason) {
      const slot = slots.find((candidate) => candidate.writer === writer);
      if (slot !== undefined) slot.writer = undefined;
      log.info("writer.ended", { set, writer: writer.id, reason });
    },
    async heartbeat() {
      await Promise.all(slots.map(turnIfIdle));
      const ids = slots.flatMap((slot) => slot.writer?.id ?? []);
      if (ids.length > 0) await touchWriters(deps.collections, ids);
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      // A set that is away is left to whoever ends silent writers: closing must not wait for it.
      await Promise.allSettled(slots.map((slot) => close(deps, slot)));
    },
  };
}

function untilIdle(clock: Clock, slot: Slot): Promise<void> {
  if (!slot.busy) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(CLOSE_WAIT_MS, () => resolve());
    slot.whenIdle = () => {
      timer.cancel();
      resolve();
    };
  });
}

async function close(deps: PoolDeps, slot: Slot): Promise<void> {
  await untilIdle(deps.clock, slot);
  if (slot.writer !== undefined && !slot.busy) await closeWriter(deps, slot.writer);
}
