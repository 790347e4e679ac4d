/**
 * What comes back from a provider, made durable before it is acknowledged (invariant I8). Receipts and replies that
 * arrive together are enqueued together; a receipt goes to its message's set where this process remembers the submit,
 * else, like a reply, to any near set that is up and takes it.
 */

import type { Counter } from "#core/metrics/metrics.ts";
import { type AccountId, type MessageId, type ProviderId, setOfMessage } from "#domain/ids.ts";
import type { ReceiptItem, ReceiptState, ReplyItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { PROVIDER_ID_UNIQUE_MS_MIN } from "#domain/limits.ts";
import type { InboundHandlers, InboundReceipt } from "./connector.ts";
import { createEnqueuer, type EnqueuerDeps } from "./inbound-enqueuer.ts";
import { createRecentMap } from "./recent-map.ts";

/**
 * Submits remembered for their receipts, up to twice as many; most come within a minute. ~20 MB. A forgotten one is
 * looked up by a worker.
 */
const REMEMBERED_MAX = 50_000;
/** How long a receipt that is known to no submit waits for the answer that came with it. */
const EARLY_RECEIPT_MS = 10;

interface Submitted {
  readonly message: MessageId;
  readonly segment: number;
  /** The account that waits for its receipt. */
  readonly notify?: AccountId;
}

interface Remembered extends Submitted {
  /** By the monotonic clock. Later the provider may have used the id again, by another connector: a worker asks all. */
  readonly until: number;
}

export interface InboundQueue extends InboundHandlers {
  /** "" is not remembered: such a provider's receipts end on lane `dead`, with that reason. */
  remember(providerMessageId: string, submitted: Submitted): void;
}

export interface InboundDeps extends EnqueuerDeps {
  readonly provider: ProviderId;
  readonly received: Counter;
}

export function createInboundQueue(deps: InboundDeps): InboundQueue {
  const { provider, clock, mint } = deps;
  const remembered = createRecentMap<string, Remembered>(REMEMBERED_MAX);
  const receipts = createEnqueuer(deps, lanes.receipts);
  const replies = createEnqueuer(deps, lanes.replies);

  function recall(providerMessageId: string): Submitted | undefined {
    const known = remembered.get(providerMessageId);
    if (known === undefined || clock.monotonic() >= known.until) return undefined;
    const { until: _, ...submitted } = known;
    return submitted;
  }

  /** A receipt often comes in one read with the answer that names its id, which is put down a turn later. */
  async function findSubmitted(providerMessageId: string): Promise<Submitted | undefined> {
    const known = recall(providerMessageId);
    if (known !== undefined) return known;
    await clock.sleep(EARLY_RECEIPT_MS);
    return recall(providerMessageId);
  }

  return {
    remember(providerMessageId, submitted) {
      // No id at all: it would be taken for the submit of every receipt without one.
      if (providerMessageId === "") return;
      const until = clock.monotonic() + PROVIDER_ID_UNIQUE_MS_MIN;
      remembered.set(providerMessageId, { ...submitted, until });
    },

    async onReceipt(receipt) {
      const state = finalStateOf(receipt);
      deps.received.add(1, { provider, kind: state === undefined ? "intermediate" : "receipt" });
      if (state === undefined) return;
      const submitted = await findSubmitted(receipt.providerMessageId);
      const item: ReceiptItem = {
        id: mint.unique(),
        provider,
        providerMessageId: receipt.providerMessageId,
        rawProviderMessageId: receipt.rawProviderMessageId,
        state,
        error: receipt.error,
        receivedAt: clock.now(),
        ...(receipt.doneAt === undefined ? {} : { doneAt: receipt.doneAt }),
        ...submitted,
      };
      await receipts.enqueue(item, submitted === undefined ? undefined : setOfMessage(submitted.message));
    },

    async onReply(reply) {
      deps.received.add(1, { provider, kind: "reply" });
      const { from, to, text, receivedAt, concat } = reply;
      const item: ReplyItem = { id: mint.unique(), provider, from, to, text, receivedAt };
      // A reference of 16 bits is another one than the same number in 8.
      const reference = concat === undefined ? 0 : concat.reference + (concat.refBits === 16 ? 0x1_0000 : 0);
      await replies.enqueue(
        concat === undefined ? item : { ...item, concat: { reference, total: concat.total, index: concat.index } },
        undefined,
      );
    },
  };
}

/** What a message's state is made of; undefined for the stations in between. */
function finalStateOf({ state }: InboundReceipt): ReceiptState | undefined {
  switch (state) {
    case "delivered":
    case "undelivered":
    case "expired":
    case "unknown":
      return state;
    case "deleted":
    case "rejected":
      return "undelivered";
    case "accepted":
    case "enroute":
    case "skipped":
      return undefined;
  }
}
