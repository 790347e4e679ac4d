/** How fast links send, and which of them there are; against the simulator on real sockets. */
import { expect, test } from "bun:test";
import type { SubmitResult } from "../connector.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { openPair, type Pair } from "./testing/open-pair.ts";

const submit = ({ connector }: Pair, more: Parameters<typeof segment>[0] = {}): Promise<SubmitResult> =>
  connector.submit(segment(more), alwaysMayWrite);

async function submitAll(pair: Pair, count: number): Promise<readonly SubmitResult[]> {
  const results: Promise<SubmitResult>[] = [];
  while (results.length < count) {
    await untilOpen(pair.connector);
    results.push(submit(pair, { to: `+4917012${10_000 + results.length}9` }));
  }
  return Promise.all(results);
}

test("a contracted rate is kept by the provider's own clock, and alerts need not wait for their token", async () => {
  const perSecond = 100;
  await using pair = await openPair({}, { ratePerSecond: perSecond });
  const results = await submitAll(pair, 150);
  expect(new Set(results.map(({ type }) => type))).toEqual(new Set(["accepted"]));
  const times = pair.simulator.submits.map(({ at }) => at);
  const inSecond = times.map((from) => times.filter((at) => at >= from && at - from < 1_000).length);
  // What was sent in one second may arrive a little closer together.
  expect(Math.max(...inSecond)).toBeLessThanOrEqual(perSecond + 2);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_300);
  while (pair.connector.freeSlots(false) > 0) void submit(pair);
  expect(await submit(pair)).toEqual({ type: "not_sent", reason: "window_full" });
  expect(await submit(pair, { urgent: true })).toMatchObject({ type: "accepted" });
});

test("a full queue is a recipient's; four within a second are the provider's", async () => {
  await using pair = await openPair({ refuse: [{ toSuffix: "14", status: 0x14 }] });
  const full = { type: "refused", status: 0x14, class: "busy", retryable: true } as const;
  for (let i = 0; i < 3; i++) expect(await submit(pair, { to: "+4917012340014" })).toEqual(full);
  expect(pair.connector.freeSlots(false)).toBeGreaterThan(0);
  expect(await submit(pair, { to: "+4917012340014" })).toEqual(full);
  expect(pair.connector.freeSlots(true)).toBe(0);
  await untilOpen(pair.connector);
  expect(await submit(pair)).toMatchObject({ type: "accepted" });
});

test("a status means what its link's table says", async () => {
  const refuse = [{ toSuffix: "77", status: 0x45 }];
  await using pair = await openPair({ refuse }, { statuses: { [String(0x45)]: "recipient" } });
  expect(await submit(pair, { to: "+4917012345677" })).toMatchObject({ class: "recipient", retryable: false });
});

test("a provider that finds our session wrong is bound anew", async () => {
  await using pair = await openPair({ refuse: [{ toSuffix: "04", status: 0x04 }] });
  expect(await submit(pair, { to: "+4917012340004" })).toMatchObject({ class: "session", retryable: true });
  while (pair.simulator.counters.binds < 2) await new Promise(setImmediate);
  await untilOpen(pair.connector);
  expect(await submit(pair)).toMatchObject({ type: "accepted" });
});

test("of its binds it has those that it was given, and unbinds the others without a loss", async () => {
  await using pair = await openPair({ respDelayMs: 50 }, { binds: 3, window: 10 });
  const { binds } = pair.connector;
  while (pair.connector.freeSlots(true) < 30) await new Promise(setImmediate);
  expect([binds?.count, pair.connector.window, pair.simulator.links]).toEqual([3, 30, 3]);
  const flying = Array.from({ length: 27 }, () => submit(pair));
  await binds?.use([1]);
  expect([pair.connector.window, pair.simulator.links]).toEqual([10, 1]);
  expect(new Set((await Promise.all(flying)).map(({ type }) => type))).toEqual(new Set(["accepted"]));
  await binds?.use([]);
  expect([pair.connector.window, pair.connector.health]).toEqual([0, "down"]);
  expect(await submit(pair)).toEqual({ type: "not_sent", reason: "not_bound" });
  await binds?.use([0, 1, 2]);
  await untilOpen(pair.connector);
  expect(await submit(pair)).toMatchObject({ type: "accepted" });
});

test("receipts whose ids are written another way find their submits without a setting", async () => {
  await using pair = await openPair({ ids: "hex_then_decimal" });
  const results = await submitAll(pair, 20);
  const receipts = await pair.receipts.until(20);
  const ids = results.map((result) => result.type === "accepted" && result.providerMessageId);
  expect(new Set(receipts.map(({ providerMessageId }) => providerMessageId))).toEqual(new Set(ids as string[]));
  expect(receipts[0]?.rawProviderMessageId).toMatch(/^0000[0-9]+$/);
});
