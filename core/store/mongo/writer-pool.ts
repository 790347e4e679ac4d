/**
 * The writers of one process on one set. A writer is a registered appender with one step in flight; its sequence has no
 * gaps, because a number is used again after a definite abort and settled by a void batch otherwise. States: idle →
 * in use → idle, or → ended when another process fenced it by a closed batch or its last number cannot be settled.
 */
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId, WriterId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { StoreError } from "../store.ts";
import { batchId, type Collections, type EventBatchDocument } from "./documents.ts";
import { DUPLICATE_KEY } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";

export interface Writer {
  readonly id: WriterId;
  /** The sequence of its next step. */
  next: number;
}

/** How long a step in flight is waited for on closing: a healthy one takes milliseconds. */
const CLOSE_WAIT_MS = 2_000;

/** Disposing it waits for the steps in flight (bounded) and ends the writers by a closed batch. */
export interface WriterPool extends AsyncDisposable {
  /** Runs `use` with a writer that nobody else uses. Waits while all are in use. */
  withWriter<T>(urgent: boolean, use: (writer: Writer) => Promise<T>): Promise<T>;
  /** Never gives this writer out again: it was fenced, or its number stays open. A new one takes its place. */
  end(writer: Writer, reason: string): void;
  /** Tells the set that these writers live. Call it every few seconds. */
  heartbeat(): Promise<void>;
}

interface Slot {
  writer: Writer | undefined;
  readonly urgent: boolean;
  busy: boolean;
  /** Set while closing waits for the step in flight. */
  whenIdle?: () => void;
}

interface PoolDeps {
  readonly set: SetId;
  readonly collections: Collections;
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly owner: string;
  /** Writers for ordinary steps; one more is kept for alerts. */
  readonly count: number;
}

export function createWriterPool(deps: PoolDeps): WriterPool {
  const { collections, set, log } = deps;
  const slots: Slot[] = Array.from({ length: deps.count + 1 }, (_, i) => ({
    writer: undefined,
    urgent: i === 0,
    busy: false,
  }));
  let closing = false;
  const waiting: { readonly urgent: boolean; readonly resolve: (slot: Slot) => void }[] = [];

  function take(urgent: boolean): Promise<Slot> {
    if (closing) {
      return Promise.reject(
        new StoreError("store_unreachable", `Cannot write to ${set} as its store is closed`, { retryable: false }),
      );
    }
    const free = slots.find((slot) => !slot.busy && slot.urgent === urgent);
    if (free === undefined) return new Promise((resolve) => waiting.push({ urgent, resolve }));
    free.busy = true;
    return Promise.resolve(free);
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

  async function register(): Promise<Writer> {
    const id = deps.mint.writerId();
    const now = new Date(deps.clock.now());
    await collections.writers.insertOne({ _id: id, owner: deps.owner, openedAt: now, seenAt: now, closed: false });
    await touch([id]);
    log.info("writer.opened", { set, writer: id });
    return { id, next: 1 };
  }

  /** By the set's clock, which `insertOne` cannot ask for. */
  async function touch(ids: readonly string[]): Promise<void> {
    await collections.writers.updateMany({ _id: { $in: [...ids] }, closed: false }, [{ $set: { seenAt: "$$NOW" } }]);
  }

  return {
    async withWriter(urgent, use) {
      const slot = await take(urgent);
      try {
        slot.writer ??= await withDeadline(deps.clock, register());
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
      const ids = slots.flatMap((slot) => slot.writer?.id ?? []);
      if (ids.length > 0) await touch(ids);
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

/**
 * Says `closed: true` only with a closed batch to show for it: readers wait for that batch. Otherwise the writer is
 * left to whoever ends silent writers.
 */
/** A clean end is worth this much waiting; whoever ends silent writers does it otherwise. */
const CLOSE_MS = 3_000;

async function close({ collections, clock }: PoolDeps, slot: Slot): Promise<void> {
  await untilIdle(clock, slot);
  const { writer } = slot;
  if (writer === undefined || slot.busy) return;
  try {
    const batch = closedBatch(writer.id, writer.next, clock.now());
    await withDeadline(clock, collections.events.insertOne(batch), CLOSE_MS);
  } catch (error) {
    if ((error as { readonly code?: number }).code === DUPLICATE_KEY) return;
    throw error;
  }
  const record = collections.writers.updateOne({ _id: writer.id }, { $set: { closed: true } });
  await withDeadline(clock, record, CLOSE_MS);
}

export function closedBatch(writer: string, sequence: number, at: number): EventBatchDocument {
  return { _id: batchId(writer, sequence), kind: "closed", at: new Date(at), keys: [], events: "[]" };
}
