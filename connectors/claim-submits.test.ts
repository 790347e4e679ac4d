/** A chunk with an item that cannot be read, in a connector: its neighbours are sent, and it alone is buried. */
import { expect, test } from "bun:test";
import { createMetrics } from "#core/metrics/metrics.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { Connector } from "./connector.ts";
import { runSubmitEngine } from "./submit-engine.ts";

const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const lane = lanes.submit(provider, "bulk");

function message(): SubmitItem {
  const texts = { to: "+61400000001" as E164, from: "Shop" as Sender, text: "hi" };
  const ids = { id: mint.messageId(set), account: "demo" as AccountId, provider };
  return { ...ids, ...texts, class: "bulk", encoding: "gsm7", segments: 1, attempt: 1, tries: 0 };
}

/** Takes every segment at once, and resolves `all` when there were `count`. */
function createProvider(count: number) {
  const sent: string[] = [];
  const all = Promise.withResolvers<void>();
  const connector: Connector = {
    provider,
    health: "bound",
    window: 10,
    inFlight: 0,
    freeSlots: () => 100,
    async submit(segment, mayWrite) {
      if (!mayWrite()) return { type: "not_sent", reason: "aborted" };
      sent.push(segment.messageId);
      if (sent.length === count) all.resolve();
      return { type: "accepted", providerMessageId: mint.unique() };
    },
    onChange: () => ({ [Symbol.dispose]() {} }),
    async drain() {},
    async [Symbol.asyncDispose]() {},
  };
  return { connector, sent, all: all.promise };
}

async function run(store: Store, connector: Connector, until: Promise<void>): Promise<void> {
  const stop = new AbortController();
  const metrics = createMetrics();
  const deps = {
    ...{ provider, connector, stores: [store], clock: systemClock, mint, log: silentLogger, owner: "test" },
    ...{ policy: () => "keep" as const, onSubmitted: () => undefined, stateOf: () => "up" as const },
    ...{ submits: metrics.counter("submits", ""), settleSeconds: metrics.histogram("settle", "", [1]) },
  };
  const running = runSubmitEngine(deps, stop.signal);
  await until;
  stop.abort();
  await running;
}

const types = async (store: Store, { id }: { readonly id: MessageId }): Promise<readonly string[]> =>
  (await store.events.ofMessage(id)).map(({ type }) => type);

test("nothing was sent of it before: the neighbours go out once, the bad one is rejected and kept", async () => {
  const store = createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom });
  const [one, two] = [message(), message()];
  const bad = { ...message(), class: "odd" };
  await store.commit({ chunks: [{ id: mint.chunkId(), lane, items: [one, bad, two], positions: 3 }] });
  const { connector, sent, all } = createProvider(2);
  await run(store, connector, all);
  expect(sent).toEqual([one.id, two.id]);
  expect(await types(store, one)).toEqual(["submitted"]);
  expect(await store.events.ofMessage(bad.id)).toMatchObject([{ type: "rejected", reason: "poison" }]);
  expect(await store.dead({ max: 9 })).toMatchObject([{ items: [{ lane, item: bad }] }]);
});

test("some of it was sent before: that is said, and is not sent again nor called rejected", async () => {
  const store = createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom });
  const [sent, doubted, clean] = [{ ...message(), class: "odd" }, message(), message()];
  await store.commit({ chunks: [{ id: mint.chunkId(), lane, items: [sent, doubted, clean], positions: 3 }] });
  const claim = { lanes: [lane], itemsMax: 9, leaseMs: 30_000, owner: "before", markAhead: 2 };
  const [hold] = await store.claim(claim);
  if (hold === undefined) throw new Error("Nothing was claimed");
  const mark = { lease: hold.lease, mark: 2, settledTo: 1, settledBeyond: [] };
  await store.commit({ marks: [mark] });
  await store.release([hold.lease], 0);
  const { connector, sent: again, all } = createProvider(1);
  await run(store, connector, all);
  expect(again).toEqual([clean.id]);
  expect(await types(store, sent)).toEqual([]);
  expect(await types(store, doubted)).toEqual(["in_doubt", "unknown"]);
  expect(await types(store, clean)).toEqual(["submitted"]);
  expect(await store.dead({ max: 9 })).toEqual([]);
});
