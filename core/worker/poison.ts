/**
 * What is done with chunks whose processing throws. A batch that fails is processed again chunk by chunk, and only a
 * chunk that fails alone is blamed: one of several items is taken apart, a lone item is tried again with back-off, and
 * after CHUNK_DELIVERIES_MAX failures of its own it goes to lane `dead` with its error. Nothing is dropped, nothing
 * returns to the head, and neighbours of a bad item lose no more than a moment.
 */

import { type Hold, type Step, type Store, StoreError } from "#core/store/store.ts";
import { CHUNK_DELIVERIES_MAX } from "#domain/limits.ts";
import { buryRejected, toDead } from "./dead-item.ts";
import { type FailedItem, unwrapFailed } from "./failed-item.ts";
import type { WorkContext } from "./work-context.ts";

/** First retry of a failing item, half of it left to chance; doubles with each failure. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 60_000;

export interface Batch {
  readonly store: Store;
  readonly holds: readonly Hold[];
  /** Who processes it, for the log. */
  readonly name: string;
  process(store: Store, holds: readonly Hold[]): Promise<void>;
}

/** Processes a batch and finds the culprit if that throws. Rejects with StoreError when the set cannot be reached. */
export async function processIsolating(context: WorkContext, batch: Batch): Promise<void> {
  const { store, holds, name } = batch;
  try {
    await batch.process(store, holds);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    context.log.error("defect", { where: name, error: messageOf(error) });
    const [first] = holds;
    if (holds.length === 1 && first !== undefined) return blame(context, store, first, error);
    for (const hold of holds) {
      // Past its lease it is somebody else's, with all that follow: they were claimed together.
      if (context.clock.monotonic() >= hold.deadline) return;
      await processIsolating(context, { ...batch, holds: [hold] });
    }
  }
}

async function blame(context: WorkContext, store: Store, hold: Hold, error: unknown): Promise<void> {
  const [raw] = hold.items;
  if (hold.items.length > 1) return split(context, store, hold);
  const held = unwrapFailed(hold, raw);
  const failed: FailedItem = { ...held, failures: held.failures + 1 };
  if (failed.failures < CHUNK_DELIVERIES_MAX) await retryLater(context, store, hold, failed);
  else await bury(context, store, { hold, failed, error });
}

/** Each item becomes a chunk of its own: 512 small writes once are better than one good message held back. */
async function split(context: WorkContext, store: Store, hold: Hold): Promise<void> {
  const { lane } = hold;
  const chunks = hold.items.map((item) => ({ id: context.mint.chunkId(), lane, items: [item] }));
  await settle(context, store, hold, { chunks });
}

async function retryLater(context: WorkContext, store: Store, hold: Hold, failed: FailedItem): Promise<void> {
  const longestMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failed.failures - 1));
  // What fails together, because something it needs is away, must not come back together.
  const delayMs = Math.round(longestMs * (0.5 + context.random.fraction() / 2));
  await settle(context, store, hold, {
    chunks: [{ id: context.mint.chunkId(), lane: hold.lane, items: [failed], delayMs }],
  });
}

async function bury(
  context: WorkContext,
  store: Store,
  died: { readonly hold: Hold; readonly failed: FailedItem; readonly error: unknown },
): Promise<void> {
  const { hold, failed } = died;
  const now = context.clock.now();
  const error = messageOf(died.error);
  const origin = { lane: hold.lane, deliveries: failed.failures, enqueuedAt: failed.enqueuedAt };
  const dead = toDead(origin, failed.item, error, now);
  const step = buryRejected({ mint: context.mint, set: store.set, now }, [dead]);
  if (await settle(context, store, hold, step)) {
    context.log.error("claim.poisoned", { set: store.set, lane: hold.lane, item: hold.lease.chunk, error });
  }
}

/** In one step with the acknowledgement. Where it did not commit, the chunk comes back by itself, as it was. */
async function settle(context: WorkContext, store: Store, hold: Hold, step: Step): Promise<boolean> {
  const result = await store.commit({ acks: [hold.lease], ...step });
  if (result.type === "failed" || result.type === "unknown") {
    context.log.error("claim.failed", { set: store.set, lane: hold.lane, code: result.error.code });
  }
  return result.type === "committed";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
