import { expect, test } from "bun:test";
import { createDirectory } from "#core/directory/write-directory.ts";
import { type BatchCredit, createBatchCredit } from "#core/ledger/batch-credit.ts";
import { createPurse } from "#core/ledger/purse.ts";
import { allotmentId } from "#core/store/charge.ts";
import { type OptOutKey, optOutKey } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { type AccountId, createIdMint, type MessageId, type SetId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import type { Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import { defineHandler, type Handler, type HandlerContext } from "./handler.ts";
import { pipeline } from "./index.ts";
import { DIRECTORY_LAG_MAX_MS } from "./refuse-by-directory.ts";
import { runPipeline } from "./run-pipeline.ts";

const NOW = 1_800_000_000_000;
const mintAt = (ms: number) => createIdMint({ clock: { ...systemClock, now: () => ms }, random: systemRandom });
const DEMO = { id: "demo", name: "Demo", currency: "EUR", inDoubt: "resend" as const, keys: [], priceList: "retail" };
const directory = createDirectory({
  accounts: [DEMO],
  priceLists: [
    {
      id: "retail",
      currency: "EUR",
      rates: [
        { prefix: "+61", priceMicros: "45000" },
        { prefix: "+614", priceMicros: "38000" },
        { prefix: "+49", priceMicros: "70000" },
      ],
    },
  ],
  routes: [
    { prefix: "+", provider: "fallback" },
    { prefix: "+61", provider: "sim" },
    { prefix: "+6", provider: "pacific" },
  ],
  numbers: [],
});

function context(optedOut: readonly OptOutKey[] = []): HandlerContext {
  return { now: NOW, directory, optedOut: new Set(optedOut), credit: creditOf({}) };
}

/** Accounts that are named here may spend so much, all of it on this set. */
function creditOf(micros: Readonly<Record<string, bigint>>): BatchCredit {
  const held = new Map(Object.entries(micros).map(([id, all]) => [allotmentId(id as AccountId, 3), all as Micros]));
  return createBatchCredit(createPurse(held, 0), new Map());
}

function item(over: Partial<InboxItem> = {}): InboxItem {
  return {
    id: "syd1-01jd0000000000000000000000" as MessageId,
    account: "demo" as AccountId,
    to: "+61400000001" as E164,
    from: "Shop" as Sender,
    text: "hello",
    class: "transactional",
    encoding: "gsm7",
    segments: 2,
    ...over,
  };
}

test("a message is routed and priced by its longest prefixes, and forwarded; the reasons are in the events", () => {
  const result = runPipeline(pipeline, [item()], context());
  expect(result.events).toEqual([
    {
      type: "routed",
      message: item().id,
      at: NOW,
      attempt: 1,
      provider: "sim",
      prefix: "+61",
      candidates: [
        { prefix: "+61", provider: "sim" },
        { prefix: "+6", provider: "pacific" },
        { prefix: "+", provider: "fallback" },
      ],
    },
    {
      type: "billed",
      message: item().id,
      at: NOW,
      account: "demo",
      prefix: "+614",
      rate: { list: "retail" },
      segments: 2,
      priceMicros: "38000",
      totalMicros: "76000",
      currency: "EUR",
    },
  ] as never);
  expect([...result.forwards.keys()]).toEqual(["submit.sim.transactional" as Lane]);
  expect(result.forwards.get("submit.sim.transactional" as Lane)).toEqual([
    { ...item(), provider: "sim", attempt: 1, tries: 0 } as never,
  ]);
});

test("an opted-out number is rejected and neither routed nor billed, for that account only", () => {
  const out = optOutKey("demo" as AccountId, "+61400000001");
  const result = runPipeline(pipeline, [item()], context([out]));
  expect(result.events.map((event) => event.type)).toEqual(["rejected"]);
  expect(result.forwards.size).toBe(0);
  const other = optOutKey("else" as AccountId, "+61400000001");
  expect(runPipeline(pipeline, [item()], context([other])).forwards.size).toBe(1);
});

test("no price is a rejection that says so", () => {
  const result = runPipeline(pipeline, [item({ to: "+12025550123" as E164 })], context());
  expect(result.events.map((event) => event.type)).toEqual(["routed", "rejected"]);
  expect(result.events.at(-1)).toMatchObject({ reason: "no_price" });
});

test("no route is a rejection, and nothing is billed", () => {
  const bare = createDirectory({ accounts: [], priceLists: [], routes: [], numbers: [], sets: [], keyLists: [] });
  const result = runPipeline(pipeline, [item()], { ...context(), directory: bare });
  expect(result.events).toMatchObject([{ type: "rejected", reason: "no_route" }]);
});

test("a message past its expiry lapses, all its segments at once; one at its last millisecond goes on", () => {
  const late = runPipeline(pipeline, [item({ expireAt: NOW })], context());
  expect(late.events).toEqual([{ type: "lapsed", message: item().id, at: NOW, segments: [0, 1] }]);
  expect(runPipeline(pipeline, [item({ expireAt: NOW + 1 })], context()).forwards.size).toBe(1);
});

test("classes and providers part into lanes, in order", () => {
  const items = (["bulk", "alert", "bulk"] as const).map((messageClass, i) =>
    item({ class: messageClass, text: `${i}` }),
  );
  const result = runPipeline(pipeline, items, context());
  expect(result.forwards.get("submit.sim.bulk" as Lane)?.map(({ text }) => text)).toEqual(["0", "2"]);
  expect(result.forwards.get("submit.sim.alert" as Lane)?.map(({ text }) => text)).toEqual(["1"]);
});

test("what the directory has no place for is tried again while the message is young: our copy may be the older", () => {
  const young = (ageMs: number) =>
    item({ id: mintAt(NOW - ageMs).messageId("syd1" as SetId), to: "+12025550123" as E164 });
  const retried = [0, DIRECTORY_LAG_MAX_MS - 1, 1 - DIRECTORY_LAG_MAX_MS].map(young);
  const early = runPipeline(pipeline, retried, context());
  expect(early.retries.get(1_000)).toEqual(retried);
  // Not even that it was routed: the retry says so again.
  expect(early.events).toEqual([]);
  const bare = createDirectory({ accounts: [], priceLists: [], routes: [], numbers: [], sets: [], keyLists: [] });
  expect(runPipeline(pipeline, retried, { ...context(), directory: bare }).retries.get(1_000)).toEqual(retried);
  const late = runPipeline(pipeline, [young(DIRECTORY_LAG_MAX_MS), young(-DIRECTORY_LAG_MAX_MS)], context());
  expect(late.events.map((event) => event.type)).toEqual(["routed", "rejected", "routed", "rejected"]);
});

const asIs = (name: string): Handler => defineHandler(name, (work) => ({ type: "continue", work, events: [] }));

test("a retry keeps the message as it came, by its delay", () => {
  const later = defineHandler("later", () => ({ type: "retry", afterMs: 500 }));
  const result = runPipeline([asIs("one"), later], [item(), item()], context());
  expect(result.retries.get(500)).toEqual([item(), item()]);
});

test("a pipeline that loses a message, or ends with one, is a defect and says which handler", () => {
  const forgetful: Handler = { name: "forgetful", handle: () => [] };
  expect(() => runPipeline([forgetful], [item()], context())).toThrow("forgetful");
  expect(() => runPipeline([asIs("endless")], [item()], context())).toThrow("going nowhere");
});

test("a scheduled message waits for its time, in whole seconds, and lapses before it waits in vain", () => {
  const early = runPipeline(pipeline, [item({ notBefore: NOW + 1_500 })], context());
  expect([...early.retries.keys()]).toEqual([2_000]);
  expect([early.events, early.forwards.size]).toEqual([[], 0]);
  expect(runPipeline(pipeline, [item({ notBefore: NOW })], context()).forwards.size).toBe(1);
  const late = runPipeline(pipeline, [item({ notBefore: NOW + 1_500, expireAt: NOW })], context());
  expect(late.events).toMatchObject([{ type: "lapsed" }]);
});

test("who cannot pay is told so; what may lie on a set that is away is waited for, ever longer", () => {
  const limited = createDirectory({
    accounts: [{ ...DEMO, credit: "limited" }],
    priceLists: [{ id: "retail", currency: "EUR", rates: [{ prefix: "+", priceMicros: "45000" }] }],
    routes: [{ prefix: "+", provider: "sim" }],
    numbers: [],
  });
  const outcome = (waitedMs: number | undefined, isAll: boolean) => {
    const totals = new Map([["demo" as AccountId, { micros: 10n as Micros, isAll, askedAt: NOW }]]);
    const credit = createBatchCredit(createPurse(new Map(), 0), totals);
    const waiting = waitedMs === undefined ? item() : item({ creditSince: NOW - waitedMs });
    return runPipeline(pipeline, [waiting], { now: NOW, directory: limited, optedOut: new Set(), credit });
  };
  const reasonOf = (result: ReturnType<typeof outcome>) =>
    result.events.flatMap((event) => (event.type === "rejected" ? [event.reason] : []));
  expect(reasonOf(outcome(300, true))).toEqual(["insufficient_credit"]);
  expect(outcome(300, true).events.some(({ type }) => type === "billed")).toBe(false);
  const delays = [undefined, 300, 2_000, 9_000].map((waited) => [...outcome(waited, false).retries.keys()]);
  expect(delays).toEqual([[250], [250], [1_000], [4_000]]);
  expect([...outcome(undefined, false).retries.values()].flat()).toMatchObject([{ creditSince: NOW }]);
  expect(reasonOf(outcome(20_000, false))).toEqual(["credit_unreachable"]);
});
