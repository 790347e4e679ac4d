/**
 * What is done with chunks that fail in processing: first they are tried again later, then taken apart until the bad
 * item stands alone, and that one goes to lane `dead` with its error. Nothing is dropped, and nothing returns to the
 * head.
 */

import type { Hold, Store } from "#core/store/store.ts";
import { lanes } from "#domain/lane.ts";
import { CHUNK_DELIVERIES_MAX } from "#domain/limits.ts";
import type { WorkContext } from "./work-context.ts";

/** First retry of a failing chunk; doubles with each delivery. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 60_000;

export async function isolatePoison(
  context: WorkContext,
  store: Store,
  holds: readonly Hold[],
  error: unknown,
): Promise<void> {
  for (const hold of holds) {
    if (hold.items.length > 1) await split(context, store, hold);
    else if (hold.deliveries < CHUNK_DELIVERIES_MAX) await store.release([hold.lease], retryMs(hold.deliveries));
    else await bury(context, store, hold, error);
  }
}

function retryMs(deliveries: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (deliveries - 1));
}

/** Each item becomes a chunk of its own: 512 small writes once are better than one good message held back. */
async function split(context: WorkContext, store: Store, hold: Hold): Promise<void> {
  const { lane } = hold;
  const chunks = hold.items.map((item) => ({ id: context.mint.chunkId(), lane, items: [item] }));
  await store.commit({ acks: [hold.lease], chunks });
}

/** An item of lane `dead`: what failed, where, why, and when it was given up. */
export interface DeadItem {
  readonly lane: string;
  readonly item: unknown;
  readonly error: string;
  readonly deliveries: number;
  readonly enqueuedAt: number;
  readonly diedAt: number;
}

async function bury(context: WorkContext, store: Store, hold: Hold, error: unknown): Promise<void> {
  const [item] = hold.items;
  const message = error instanceof Error ? error.message : String(error);
  const dead = toDead(hold, item, message, context.clock.now());
  await store.commit({ acks: [hold.lease], chunks: [{ id: context.mint.chunkId(), lane: lanes.dead, items: [dead] }] });
  context.log.error("claim.poisoned", { set: store.set, lane: hold.lane, item: hold.lease.chunk, error: message });
}

export function toDead(
  hold: Pick<Hold, "lane" | "deliveries" | "enqueuedAt">,
  item: unknown,
  error: string,
  diedAt: number,
): DeadItem {
  return { lane: hold.lane, item, error, deliveries: hold.deliveries, enqueuedAt: hold.enqueuedAt, diedAt };
}
