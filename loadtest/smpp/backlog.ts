/** Messages that wait for the provider, and what became of them by the event log. */

import type { EventBatch, Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { accountIdSchema, providerIdSchema, type WriterId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { DEMO_ACCOUNT, DEMO_PROVIDER } from "#testkit/platform-directory.ts";
import { createMessages } from "../queue/messages.ts";
import { mint } from "../queue/rig.ts";
import { commit } from "../queue/send.ts";

const PROVIDER = providerIdSchema.parse(DEMO_PROVIDER);
const LANE = lanes.submit(PROVIDER, "bulk");
/** One segment each: a message is then one submit_sm. */
const ONE_SEGMENT_CHARS = 150;
const READ_BATCHES = 500;

/** One step of `submitted` events. */
export interface SettleStep {
  /** By the set's clock. */
  readonly at: number;
  readonly messages: readonly string[];
}

export interface Backlog {
  readonly store: Store;
  /** Puts `count` more on the lane and returns their ids. */
  put(count: number): Promise<ReadonlySet<string>>;
  waiting(): Promise<number>;
  /** The steps that were committed since the last call. */
  settled(): Promise<readonly SettleStep[]>;
}

export function openBacklog(store: Store): Backlog {
  const messages = createMessages({ textChars: ONE_SEGMENT_CHARS, account: accountIdSchema.parse(DEMO_ACCOUNT) });
  const read = new Map<WriterId, number>();
  return {
    store,
    async put(count) {
      const ids = new Set<string>();
      while (ids.size < count) {
        const inbox = messages.take(Math.min(CHUNK_ITEMS_MAX, count - ids.size));
        const items = inbox.map((item): SubmitItem => ({ ...item, provider: PROVIDER, attempt: 1, tries: 0 }));
        for (const { id } of items) ids.add(id);
        await commit(store, { chunks: toSubmitChunks(mint, LANE, items) });
      }
      return ids;
    },
    waiting: async () => (await store.depth()).get(LANE)?.items ?? 0,
    async settled() {
      const steps: SettleStep[] = [];
      for (const { writer } of await store.events.writers()) if (!read.has(writer)) read.set(writer, 0);
      for (;;) {
        const batches = await store.events.read(read, READ_BATCHES);
        if (batches.length === 0) return steps;
        for (const batch of batches) {
          read.set(batch.writer, batch.sequence);
          steps.push(...stepOf(batch));
        }
      }
    },
  };
}

function stepOf({ at, events }: EventBatch): readonly SettleStep[] {
  const messages = events.flatMap((event) => (event.type === "submitted" ? [event.message] : []));
  return messages.length === 0 ? [] : [{ at, messages }];
}
