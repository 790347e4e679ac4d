/** Which submit a receipt answers, when its provider uses an id again. */
import { expect, test } from "bun:test";
import type { SetId } from "#domain/ids.ts";
import type { ReceiptItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { SETTLE_WAIT_MS } from "./match-receipts.ts";
import { processReceipts } from "./process-receipts.ts";
import { processRelay } from "./process-relay.ts";
import { type Bench, claim, enqueue, fra, receipt, START, setup, submittedEvent, syd } from "./testing/bench.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A message on each set, whose submits have one provider id and these times, in ms after the bench's clock begins. */
async function reused(times: Partial<Record<"syd" | "fra", number>>) {
  const bench = setup();
  const [atHome, away] = [bench.context.mint.messageId(syd), bench.context.mint.messageId(fra)];
  const { syd: sydAt, fra: fraAt } = times;
  if (sydAt !== undefined) await bench.syd.commit({ events: [submittedEvent(atHome, "p1", START + sydAt)] });
  if (fraAt !== undefined) await bench.fra.commit({ events: [submittedEvent(away, "p1", START + fraAt)] });
  return { bench, atHome, away };
}

/** Receipts on `syd`, worked off once. */
async function come(bench: Bench, ...items: readonly ReceiptItem[]): Promise<void> {
  await processReceipts(bench.context, bench.syd, await enqueue(bench, bench.syd, lanes.receipts, items));
}

/** Every chunk is asked for as its time comes, for `ms`; what is said is relayed. */
async function wait(bench: Bench, ms: number): Promise<void> {
  for (let passed = 0; passed <= ms; passed += 5_000) {
    await processReceipts(bench.context, bench.syd, await claim(bench.syd, lanes.receipts));
    bench.advance(5_000);
  }
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
}

/** The set of the message that the receipt was said of; undefined: it waits. */
async function saidOf({ bench, atHome, away }: Awaited<ReturnType<typeof reused>>): Promise<SetId | undefined> {
  const has = async (events: Bench["syd"]["events"], id: typeof atHome) =>
    (await events.ofMessage(id)).some(({ type }) => type === "delivered");
  await processRelay(bench.context, bench.fra, bench.syd, await claim(bench.syd, lanes.relay(fra)));
  const [isHome, isAway] = [await has(bench.syd.events, atHome), await has(bench.fra.events, away)];
  expect(isHome && isAway).toBe(false);
  if (isHome) return syd;
  return isAway ? fra : undefined;
}

/** It does not answer look-ups. */
function silence(bench: Bench): () => void {
  const { events } = bench.fra;
  Object.assign(bench.fra, { events: { ...events, findSubmitted: () => Promise.reject(new Error("away")) } });
  return () => void Object.assign(bench.fra, { events });
}

test("a submit of the last hour is the one, and no other set is asked", async () => {
  const one = await reused({ syd: -HOUR + 1, fra: -1 });
  silence(one.bench);
  await come(one.bench, receipt(one.bench, "p1"));
  expect(await saidOf(one)).toBe(syd);
});

test("an older one on the receipt's own set gives way to a newer one elsewhere, at once", async () => {
  const one = await reused({ syd: -26 * HOUR, fra: -1_000 });
  await come(one.bench, receipt(one.bench, "p1"));
  expect(await saidOf(one)).toBe(fra);
});

test("what waits for a submit under way is asked for once, at the end", async () => {
  const one = await reused({ syd: -26 * HOUR });
  await come(one.bench, receipt(one.bench, "p1"));
  one.bench.advance(SETTLE_WAIT_MS - 1_000);
  expect(await claim(one.bench.syd, lanes.receipts)).toEqual([]);
  await wait(one.bench, 5_000);
  expect(await saidOf(one)).toBe(syd);
});

test("an older one that is the only one is believed when a submit under way would be settled", async () => {
  const one = await reused({ syd: -26 * HOUR });
  await come(one.bench, receipt(one.bench, "p1"));
  await wait(one.bench, SETTLE_WAIT_MS - 10_000);
  expect(await saidOf(one)).toBeUndefined();
  await wait(one.bench, 20_000);
  expect(await saidOf(one)).toBe(syd);
});

test("a receipt that overtook the settle of its submit does not answer the one before", async () => {
  const one = await reused({ syd: -26 * HOUR });
  await come(one.bench, receipt(one.bench, "p1"));
  await one.bench.fra.commit({ events: [submittedEvent(one.away, "p1", START + 2_000)] });
  await wait(one.bench, SETTLE_WAIT_MS + 5_000);
  expect(await saidOf(one)).toBe(fra);
});

test("a set that is away and may have a newer one is waited for, and not for ever", async () => {
  const back = await reused({ syd: -26 * HOUR, fra: -1_000 });
  const answer = silence(back.bench);
  await come(back.bench, receipt(back.bench, "p1"));
  await wait(back.bench, 9 * MINUTE);
  expect(await saidOf(back)).toBeUndefined();
  answer();
  await wait(back.bench, MINUTE);
  expect(await saidOf(back)).toBe(fra);

  const gone = await reused({ syd: -26 * HOUR });
  silence(gone.bench);
  await come(gone.bench, receipt(gone.bench, "p1"));
  await wait(gone.bench, 12 * MINUTE);
  expect(await saidOf(gone)).toBe(syd);
});

test("a submit that came well after the receipt is another's, though the right one is away", async () => {
  const same = await reused({ syd: -26 * HOUR });
  const next = same.bench.context.mint.messageId(syd);
  await same.bench.syd.commit({ events: [submittedEvent(next, "p1", START + 2 * HOUR)] });
  await come(same.bench, receipt(same.bench, "p1"));
  await wait(same.bench, MINUTE);
  expect(await saidOf(same)).toBe(syd);

  const away = await reused({ syd: 2 * HOUR, fra: -1_000 });
  const answer = silence(away.bench);
  await come(away.bench, receipt(away.bench, "p1"));
  await wait(away.bench, 3 * HOUR);
  expect(await saidOf(away)).toBeUndefined();
  answer();
  await wait(away.bench, 2 * HOUR);
  expect(await saidOf(away)).toBe(fra);
});

test("one that came well after the receipt is taken when every set has answered and none has another", async () => {
  const one = await reused({ syd: HOUR });
  await come(one.bench, receipt(one.bench, "p1"));
  await wait(one.bench, MINUTE);
  expect(await saidOf(one)).toBe(syd);
});
