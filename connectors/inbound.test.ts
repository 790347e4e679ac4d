/** What comes back is durable before it is acknowledged (I8); whatever happens, every promise settles. */
import { expect, test } from "bun:test";
import type { SetState } from "#core/directory/set-states.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Step, Store } from "#core/store/store.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import { createIdMint, type ProviderId, type SetId } from "#domain/ids.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX, PROVIDER_ID_UNIQUE_MS_MIN } from "#domain/limits.ts";
import { systemRandom } from "#domain/random.ts";
import type { InboundReceipt, InboundReply } from "./connector.ts";
import { createInboundQueue } from "./inbound.ts";

const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
/** A wait is over at the next turn of the event loop. */
const atOnce: Clock = { ...systemClock, sleep: () => new Promise((resolve) => setImmediate(resolve)) };

function setup(onCommit: (step: Step) => Promise<undefined> = async () => undefined, clock: Clock = atOnce) {
  const store = createMemoryStore({ set, region: "syd", clock, random: systemRandom, onCommit });
  const received = createMetrics().counter("received", "");
  const base = { provider, stores: [store], region: "syd", clock, random: systemRandom, mint, received };
  return { store, inbound: createInboundQueue({ ...base, stateOf: () => "up" }) };
}

/** The sets that take each of 20 replies, and where a receipt for a message of `syd1` goes, as the states are. */
async function placesIn(states: Readonly<Record<string, SetState>>) {
  const clock = atOnce;
  const stores = Object.keys(states).map((name) =>
    createMemoryStore({ set: name as SetId, region: name.slice(0, 3), clock, random: systemRandom }),
  );
  const received = createMetrics().counter("received", "");
  const stateOf = (of: SetId): SetState => states[of] ?? "up";
  const deps = { provider, stores, stateOf, region: "syd", clock, random: systemRandom, mint, received };
  const inbound = createInboundQueue(deps);
  inbound.remember("p1", { message: mint.messageId(set), segment: 0 });
  await Promise.all(Array.from({ length: 20 }, (_, i) => inbound.onReply(reply(`${i}`))));
  await inbound.onReceipt(receipt("p1"));
  const holding = async (lane: Lane) => {
    const depths = await Promise.all(stores.map(async (store) => ({ store, depth: await store.depth() })));
    return depths.filter(({ depth }) => depth.has(lane)).map(({ store }) => `${store.set}`);
  };
  return { replies: await holding(lanes.replies), receipts: await holding(lanes.receipts) };
}

function receipt(providerMessageId: string): InboundReceipt {
  const ids = { providerMessageId, rawProviderMessageId: providerMessageId };
  return { provider, ...ids, state: "delivered", error: "", from: "+61400000001", to: "Shop" };
}
function reply(text: string): InboundReply {
  return { provider, from: "+61400000001", to: "+61480000001", text, encoding: "gsm7", receivedAt: 1 };
}
async function itemsOn(store: Store, lane: Lane): Promise<readonly { readonly text?: string; message?: string }[]> {
  const items: unknown[] = [];
  const claim = { lanes: [lane], itemsMax: 1, leaseMs: 60_000, owner: "test" };
  for (let holds = await store.claim(claim); holds.length > 0; holds = await store.claim(claim)) {
    items.push(...holds.flatMap((hold) => hold.items));
  }
  return items as { text?: string }[];
}

test("long replies that arrive together are written in chunks within their bounds, in order", async () => {
  const { store, inbound } = setup();
  const texts = Array.from({ length: CHUNK_ITEMS_MAX }, (_, i) => `${i}`.padEnd(2_000, "x"));
  await Promise.all(texts.map((text) => inbound.onReply(reply(text))));
  expect((await store.depth()).get(lanes.replies)?.chunks).toBeGreaterThan(texts.length * (2_000 / CHUNK_BYTES_MAX));
  expect((await itemsOn(store, lanes.replies)).map(({ text }) => text).toSorted()).toEqual(texts.toSorted());
});

test("a write that throws rejects exactly its batch, and what comes after is written", async () => {
  let broken = true;
  const { store, inbound } = setup(async () => {
    if (broken) throw new RangeError("a defect");
    return undefined;
  });
  const outcomes = await Promise.allSettled(["a", "b"].map((text) => inbound.onReply(reply(text))));
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  broken = false;
  await inbound.onReply(reply("c"));
  expect((await itemsOn(store, lanes.replies)).map(({ text }) => text)).toEqual(["c"]);
});

test("what would wait beyond the bound is rejected at once; the rest is written when the set answers", async () => {
  const gate = Promise.withResolvers<undefined>();
  const { inbound } = setup(() => gate.promise);
  const text = "x".repeat(64 * 1024);
  const all = Array.from({ length: 200 }, () => inbound.onReply(reply(text)).then(() => "written"));
  const first = await Promise.race(all).catch((error: { readonly code?: string }) => error.code);
  expect(first).toBe("inbound_full");
  gate.resolve(undefined);
  const written = (await Promise.allSettled(all)).filter(({ status }) => status === "fulfilled").length;
  expect(written).toBeWithin(100, 129);
  expect(await inbound.onReply(reply(text))).toBeUndefined();
});

test("a receipt carries the submit that is remembered by its id; one without an id remembers none", async () => {
  const { store, inbound } = setup();
  const [one, two] = [mint.messageId(set), mint.messageId(set)];
  inbound.remember("p1", { message: one, segment: 0 });
  inbound.remember("", { message: two, segment: 0 });
  await inbound.onReceipt(receipt("p1"));
  await inbound.onReceipt(receipt(""));
  expect((await itemsOn(store, lanes.receipts)).map(({ message }) => message)).toEqual([one, undefined]);
});

test("what is remembered of an id is forgotten before it may come again, and the newest submit counts", async () => {
  let now = 0;
  const { store, inbound } = setup(undefined, { ...atOnce, monotonic: () => now });
  const [one, two] = [mint.messageId(set), mint.messageId(set)];
  inbound.remember("p1", { message: one, segment: 0 });
  now = PROVIDER_ID_UNIQUE_MS_MIN;
  await inbound.onReceipt(receipt("p1"));
  inbound.remember("p1", { message: two, segment: 0 });
  await inbound.onReceipt(receipt("p1"));
  expect((await itemsOn(store, lanes.receipts)).map(({ message }) => message)).toEqual([undefined, two]);
});

test.each([
  ["up near sets only", { syd1: "drain", syd2: "up", fra1: "up" }, { replies: ["syd2"], receipts: ["syd1"] }],
  ["far ones that are up", { syd1: "readonly", syd2: "drain", fra1: "up" }, { replies: ["fra1"], receipts: ["syd1"] }],
  ["any in use rather than none", { syd1: "retired", syd2: "drain" }, { replies: ["syd2"], receipts: ["syd2"] }],
  ["never a retired one", { syd1: "retired", fra1: "readonly" }, { replies: ["fra1"], receipts: ["fra1"] }],
] as const)("what has no set of its own goes to %s; a receipt to its message's set", async (_, states, places) => {
  expect(await placesIn(states)).toEqual({ replies: [...places.replies], receipts: [...places.receipts] });
});

test("with every set retired the provider is told to keep it", async () => {
  await expect(placesIn({ syd1: "retired" })).rejects.toMatchObject({ code: "inbound_no_set", retryable: true });
});
