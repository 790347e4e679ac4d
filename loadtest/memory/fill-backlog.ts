/** Puts a backlog on the sets as their edges would: accepted events and chunks of the inbox, in full steps. */
import type { Store } from "#core/store/store.ts";
import type { AccountId } from "#domain/ids.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { acceptStep } from "../queue/accept-step.ts";
import { createMessages } from "../queue/messages.ts";

/** Of each set: the next one is made while the last one is written. */
const STEPS_IN_FLIGHT = 2;
/** Short ones: the backlog is of messages, and the disk is spared. */
const TEXT_CHARS = 40;

export interface Backlog {
  readonly account: AccountId;
  /** The number of the first message, beyond those of any other load. */
  readonly firstIndex: number;
  /** Of all sets together, each of which gets an equal part. */
  readonly messages: number;
  readonly signal: AbortSignal;
}

/** Throws when a step was not committed: how much waits would not be known. */
export async function fillBacklog(stores: readonly Store[], backlog: Backlog): Promise<void> {
  const share = Math.ceil(backlog.messages / stores.length);
  await Promise.all(
    stores.map((store, i) => {
      const [given, firstIndex] = [i * share, backlog.firstIndex + i * share];
      return fillSet(store, { ...backlog, firstIndex, messages: Math.min(share, backlog.messages - given) });
    }),
  );
}

async function fillSet(store: Store, { account, firstIndex, messages, signal }: Backlog): Promise<void> {
  const source = createMessages({ account, firstIndex, set: store.set, textChars: TEXT_CHARS });
  async function fill(): Promise<void> {
    while (source.count < messages) {
      signal.throwIfAborted();
      const items = source.take(Math.min(CHUNK_ITEMS_MAX, messages - source.count));
      const result = await store.commit(acceptStep(items));
      if (result.type !== "committed") throw new Error(`A step of the backlog was not committed: ${result.type}`);
    }
  }
  await Promise.all(Array.from({ length: STEPS_IN_FLIGHT }, fill));
}
