/** Puts a backlog on a set as its edge would: accepted events and chunks of the inbox, in full steps. */
import type { Store } from "#core/store/store.ts";
import type { AccountId } from "#domain/ids.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { acceptStep } from "../queue/accept-step.ts";
import { createMessages } from "../queue/messages.ts";

const STEPS_IN_FLIGHT = 2;
/** Short ones: the backlog is of messages, and the disk is spared. */
const TEXT_CHARS = 40;

/** Throws when a step was not committed: how much waits would not be known. */
export async function fillBacklog(
  store: Store,
  options: {
    readonly account: AccountId;
    /** The number of the first message, beyond those of any other load. */
    readonly firstIndex: number;
    readonly messages: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { account, firstIndex, messages, signal } = options;
  const source = createMessages({ account, firstIndex, textChars: TEXT_CHARS });
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
