import { expect, test } from "bun:test";
import { createMemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { noticeChunks, noticesOf } from "#core/worker/notices.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { deliverBatch } from "./deliver-batch.ts";

const acme = "acme" as AccountId;
const set = "syd1" as SetId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const RECEIPTS = 100;
/** Longer than there is to prepare. */
const LOOK_UP_MS = 3_000;

/** Receipts of so many messages, each in a chunk of its own; a look at messages takes as long. */
async function deliverAll(lookUpMs: number) {
  const store = createMemoryStore({
    set,
    region: "syd",
    clock: systemClock,
    random: systemRandom,
    data: createMemorySet(),
  });
  for (let i = 0; i < RECEIPTS; i++) {
    const message = mint.messageId(set);
    const at = systemClock.now();
    const texts = { to: "+61400000001" as E164, from: "Shop" as Sender, text: "hi", encoding: "gsm7" } as const;
    const accepted = {
      type: "accepted",
      message,
      at,
      account: acme,
      class: "bulk",
      segments: 1,
      receipt: "final",
    } as const;
    const atProvider = { provider: "sim" as ProviderId, providerMessageId: "p", error: "" };
    const delivered: MessageEvent = { type: "delivered", message, at, segment: 0, ...atProvider };
    const chunks = noticeChunks(mint, noticesOf([delivered], new Map([[message, acme]])), at);
    await store.commit({ events: [{ ...accepted, ...texts }, delivered], chunks });
  }
  const quick = store.events.ofMessages.bind(store.events);
  let looks = 0;
  const look = async <T>(run: () => Promise<T>): Promise<T> => {
    looks += 1;
    await systemClock.sleep(lookUpMs);
    return run();
  };
  const ofMessages = (ids: readonly MessageId[]) => look(() => quick(ids));
  const ofMessage = () => look(() => Promise.reject(new Error("one by one")));
  const slow = Object.assign(store, { events: Object.assign(store.events, { ofMessage, ofMessages }) });
  const holds = await store.claim({ lanes: [lanes.deliver(acme)], itemsMax: 256, leaseMs: 30_000, owner: "test" });
  let sent = 0;
  const receiver = {
    request: async () => {
      sent += 1;
      return { type: "answered", command: "deliver_sm_resp", status: 0, fields: {} } as const;
    },
  };
  const told = { begin: () => true, undo: () => undefined };
  await deliverBatch(
    {
      ...{ clock: systemClock, mint, log: silentLogger, metrics: { delivered: () => undefined }, told },
      ...{ receiver: async () => receiver, alphabetOf: () => "gsm7" as const },
    },
    { store: slow, holds, account: acme, signal: new AbortController().signal },
  );
  const left = (await store.depth()).get(lanes.deliver(acme))?.items ?? 0;
  return { sent, left, looks };
}

test("a set that is slow to tell of messages delays receipts, and does not keep them for ever", async () => {
  const { sent, left } = await deliverAll(LOOK_UP_MS);
  expect(sent).toBeGreaterThan(0);
  expect(sent + left).toBe(RECEIPTS);
});

test("the messages of all chunks of a claim are looked up at once", async () => {
  expect(await deliverAll(0)).toEqual({ sent: RECEIPTS, left: 0, looks: 1 });
});
