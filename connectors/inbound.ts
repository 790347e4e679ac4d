/**
 * What comes back from a provider, made durable before it is acknowledged (invariant I8). Receipts and replies that
 * arrive together are enqueued together; a receipt goes to its message's set where this process remembers the submit,
 * else, like a reply, to any near set that takes it.
 */

import type { Counter } from "#core/metrics/metrics.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import { type IdMint, type MessageId, type ProviderId, type SetId, setOfMessage } from "#domain/ids.ts";
import type { ReceiptItem, ReceiptState, ReplyItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Random } from "#domain/random.ts";
import type { InboundHandlers, InboundReceipt } from "./connector.ts";

/** What arrives within this time is one write. A provider with a window of 10 still gets 1,000 answers a second. */
const GATHER_MS = 10;
/**
 * Submits remembered for their receipts; most come within a minute. ~20 MB. A forgotten one is looked up by a worker.
 */
const REMEMBERED_MAX = 100_000;

interface Submitted {
  readonly message: MessageId;
  readonly segment: number;
}

export interface InboundQueue extends InboundHandlers {
  remember(providerMessageId: string, submitted: Submitted): void;
}

export interface InboundDeps {
  readonly provider: ProviderId;
  readonly stores: readonly Store[];
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: IdMint;
  readonly received: Counter;
}

export function createInboundQueue(deps: InboundDeps): InboundQueue {
  const { provider, clock, mint } = deps;
  const remembered = new Map<string, Submitted>();
  const receipts = createEnqueuer(deps, lanes.receipts);
  const replies = createEnqueuer(deps, lanes.replies);

  return {
    remember(providerMessageId, submitted) {
      remembered.set(providerMessageId, submitted);
      const [oldest] = remembered.size > REMEMBERED_MAX ? remembered.keys() : [];
      if (oldest !== undefined) remembered.delete(oldest);
    },

    async onReceipt(receipt) {
      const state = finalStateOf(receipt);
      deps.received.add(1, { provider, kind: state === undefined ? "intermediate" : "receipt" });
      if (state === undefined) return;
      const submitted = remembered.get(receipt.providerMessageId);
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

interface Waiting {
  readonly item: object;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Gathers items by set and enqueues them; one write in flight for each set. */
function createEnqueuer(deps: InboundDeps, lane: Lane) {
  const waiting = new Map<Store, Waiting[]>();
  const busy = new Set<Store>();

  async function flush(store: Store): Promise<void> {
    if (busy.has(store)) return;
    busy.add(store);
    for (;;) {
      await deps.clock.sleep(GATHER_MS);
      const batch = (waiting.get(store) ?? []).splice(0, CHUNK_ITEMS_MAX);
      if (batch.length === 0) break;
      await write(store, batch);
    }
    busy.delete(store);
  }

  async function write(store: Store, batch: readonly Waiting[]): Promise<void> {
    const chunk = { id: deps.mint.chunkId(), lane, items: batch.map(({ item }) => item) };
    let error: unknown;
    for (const target of [store, ...alternatives(deps, store)]) {
      const result = await target.commit({ chunks: [chunk] });
      if (result.type === "committed") {
        for (const { resolve } of batch) resolve();
        return;
      }
      error = result.type === "lease_lost" ? undefined : result.error;
    }
    // Not durable as far as we know: the provider must send it again. Twice is as once, by the fold.
    for (const { reject } of batch) reject(error);
  }

  return {
    /** Resolves when a majority has it; rejects when no set took it. */
    enqueue(item: object, wanted: SetId | undefined): Promise<void> {
      const store = deps.stores.find(({ set }) => set === wanted) ?? chooseNear(deps);
      return new Promise((resolve, reject) => {
        const held = waiting.get(store);
        if (held === undefined) waiting.set(store, [{ item, resolve, reject }]);
        else held.push({ item, resolve, reject });
        void flush(store);
      });
    },
  };
}

function chooseNear({ stores, region, random }: InboundDeps): Store {
  const near = stores.filter((store) => store.region === region);
  const choices = near.length > 0 ? near : stores;
  const store = choices[Math.floor(random.fraction() * choices.length)];
  if (store === undefined) throw new RangeError("Cannot enqueue as 'stores' must name a set: it is empty");
  return store;
}

/** Any set will do for what is matched later anyway: the near ones first. */
function alternatives({ stores, region }: InboundDeps, tried: Store): readonly Store[] {
  const others = stores.filter((store) => store !== tried);
  return [...others.filter((store) => store.region === region), ...others.filter((store) => store.region !== region)];
}
