/** A set in memory that is put back to a moment of its past, and the PostgreSQL that had read on. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { slotsOf } from "#core/ledger/allotments.ts";
import { changeCredit, readCredit } from "#core/ledger/change-credit.ts";
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore, type MemoryStoreOptions } from "#core/store/memory/memory-store.ts";
import type { Step, Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import type { InboxItem, SubmitItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import type { Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { createSetProjection } from "../projector/project-set.ts";
import { verify } from "../projector/verify.ts";
import { drain, emptyTables, openTestReports, projectAll, type TestReports } from "../testing/open-test-reports.ts";
import { deliveredLife, START } from "../testing/sample-events.ts";
import { putMoneyBack } from "./put-money-back.ts";
import { findLoss, reconcileSet } from "./reconcile-set.ts";
import { BACK_MS } from "./walk-waiting.ts";

const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports(await openTestServers({ sets: 0, postgres: true }));
}, 120_000);
afterAll(() => reports[Symbol.asyncDispose]());
beforeEach(() => emptyTables(reports.database));

const open = (data: MemorySet, trouble: Pick<MemoryStoreOptions, "onCommit"> & { clock?: Clock } = {}): Store =>
  createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom, data, ...trouble });
const eventsUpTo = (id: MessageId, type: MessageEvent["type"]): readonly MessageEvent[] => {
  const life = deliveredLife(id, START);
  return life.slice(0, life.findIndex((event) => event.type === type) + 1);
};
function inboxItem(id: MessageId): InboxItem {
  const texts = { to: "+61400000001" as E164, from: "Shop" as Sender, text: "hi" };
  return { id, account: "acme" as AccountId, ...texts, class: "bulk", encoding: "gsm7", segments: 1 };
}
const submitItem = (id: MessageId): SubmitItem => ({ ...inboxItem(id), provider, attempt: 1, tries: 0 });

/** A process writes, the backup is taken, it writes on and is read, the set is put back to the backup. */
async function restore(before: (store: Store) => Promise<unknown>, after: (store: Store) => Promise<unknown>) {
  const data = createMemorySet();
  const store = open(data);
  await before(store);
  const backup: MemorySet = { ...structuredClone({ ...data, bells: undefined }), bells: new Set() };
  await after(store);
  await projectAll(reports.database, [store]);
  return { store: open(backup), live: store, backup };
}

async function waitingOn(store: Store, lane: Lane): Promise<number> {
  return (await store.depth()).get(lane)?.items ?? 0;
}
async function statusIn(store: Store, id: MessageId): Promise<string> {
  return statusOf(foldEvents(await store.events.ofMessage(id)));
}

test("the projector marks a set that has gone back in time, says so, and marks no other", async () => {
  const id = mint.messageId(set);
  const { store, live } = await restore(
    (before) => before.commit({ events: eventsUpTo(id, "accepted") }),
    (after) => after.commit({ events: deliveredLife(id, START).slice(1) }),
  );
  const said: string[] = [];
  const log = { ...silentLogger, error: (name: string) => said.push(name) };
  const deps = { ...reports, clock: systemClock, log };
  await drain(createSetProjection({ ...deps, store: live }));
  expect([await live.standing(), said]).toEqual(["in_service", []]);
  await drain(createSetProjection({ ...deps, store }));
  expect([await store.standing(), said]).toEqual(["restored", ["project.set_went_back"]]);
});

test("lost events come back at their own numbers; nothing that has gone on waits any more", async () => {
  const [sent, routed, fresh, late, waits] = Array.from({ length: 5 }, () => mint.messageId(set)) as [
    MessageId,
    MessageId,
    MessageId,
    MessageId,
    MessageId,
  ];
  const inbox = lanes.inbox("bulk");
  const submit = lanes.submit(provider, "bulk");
  const { store } = await restore(
    async (before) => {
      for (const id of [sent, routed, waits]) await before.commit({ events: eventsUpTo(id, "accepted") });
      await before.commit({
        chunks: [
          { id: mint.chunkId(), lane: inbox, items: [inboxItem(routed), inboxItem(waits)] },
          ...toSubmitChunks(mint, submit, [submitItem(sent)]),
        ],
      });
    },
    async (after) => {
      await after.commit({ events: eventsUpTo(sent, "submitted").slice(1) });
      await after.commit({ events: eventsUpTo(routed, "billed").slice(1) });
      await after.commit({ events: eventsUpTo(fresh, "accepted") });
      await after.commit({ events: deliveredLife(late, START) });
    },
  );
  await store.declareStanding("restored");
  const deps = { store, clock: systemClock, mint, owner: "test" };
  const loss = await findLoss(store, reports.database);
  expect(loss.missing.map(({ held, projected }) => projected - held)).toEqual([4]);
  const done = await reconcileSet(deps, reports.database, loss);
  const counts = { takenOff: 2, buried: 0, acceptedAgain: 1, inDoubt: 1, unseen: 0, owed: new Map() };
  expect(done).toEqual({ batchesBack: 4, batchesMoved: 0, ...counts });
  // `waits` was never touched; `fresh` goes again; `routed` may have been sent, and the log says so.
  expect([await waitingOn(store, inbox), await waitingOn(store, submit)]).toEqual([1, 0]);
  expect(await waitingOn(store, lanes.inbox("transactional"))).toBe(1);
  const statuses = await Promise.all([sent, routed, fresh, late, waits].map((id) => statusIn(store, id)));
  expect(statuses).toEqual(["submitted", "unknown", "accepted", "delivered", "accepted"]);
  expect((await store.events.ofMessage(routed)).filter(({ type }) => type === "in_doubt")).toHaveLength(1);

  expect((await findLoss(store, reports.database)).missing).toEqual([]);
  await projectAll(reports.database, [store]);
  expect(await verify({ ...reports, stores: [store] })).toEqual([]);
});

test("numbers that were taken anew since: the lost events are there as new ones, and are read", async () => {
  const id = mint.messageId(set);
  const { store } = await restore(
    (before) => before.commit({ events: eventsUpTo(id, "accepted") }),
    (after) => after.commit({ events: deliveredLife(id, START).slice(1) }),
  );
  await store.events.endSilentWriters(-1);
  const loss = await findLoss(store, reports.database);
  // The writer's end stands where its second batch was.
  expect(loss.missing.map(({ held, projected }) => [held, projected])).toEqual([[1, 2]]);
  const done = await reconcileSet({ store, clock: systemClock, mint, owner: "test" }, reports.database, loss);
  expect(done).toMatchObject({ batchesBack: 0, batchesMoved: 1 });
  expect(await statusIn(store, id)).toBe("delivered");
  expect((await findLoss(store, reports.database)).missing).toEqual([]);
});

test("a run that breaks off is repeated within two minutes: no message goes to the inbox twice", async () => {
  const [fresh, routed] = [mint.messageId(set), mint.messageId(set)];
  const { backup } = await restore(
    (before) => before.commit({ events: eventsUpTo(routed, "accepted") }),
    async (after) => {
      await after.commit({ events: eventsUpTo(routed, "billed").slice(1) });
      await after.commit({ events: eventsUpTo(fresh, "accepted") });
    },
  );
  let aheadMs = 0;
  let isBroken = true;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  // What is in doubt cannot be said, which comes after what is accepted again.
  const onCommit = async ({ events = [] }: Step) => (isBroken && events.length > 0 ? ("failed" as const) : undefined);
  const store = open(backup, { clock, onCommit });
  await store.declareStanding("restored");
  const run = async () => {
    const loss = await findLoss(store, reports.database);
    return reconcileSet({ store, clock, mint, owner: "test" }, reports.database, loss);
  };
  const inbox = lanes.inbox("transactional");
  await expect(run()).rejects.toThrow("Run it again");
  await expect(run()).rejects.toThrow("Run it again");
  expect(await waitingOn(store, inbox)).toBe(1);
  isBroken = false;
  expect(await run()).toMatchObject({ acceptedAgain: 0, inDoubt: 0, batchesBack: 0, unseen: 1 });
  expect(await waitingOn(store, inbox)).toBe(1);
  aheadMs = BACK_MS;
  expect(await run()).toMatchObject({ acceptedAgain: 0, inDoubt: 1, batchesBack: 2, unseen: 0 });
  expect(await waitingOn(store, inbox)).toBe(1);
  expect(await Promise.all([fresh, routed].map((id) => statusIn(store, id)))).toEqual(["accepted", "unknown"]);
});

test("items are judged one by one: one that failed before, and neighbours of one that cannot be read", async () => {
  const [failed, beside] = [mint.messageId(set), mint.messageId(set)];
  const [sent, broken] = [mint.messageId(set), mint.messageId(set)];
  const [waits, fails, beyond] = [mint.messageId(set), mint.messageId(set), mint.messageId(set)];
  const ids = [failed, beside, sent, broken, waits, fails, beyond];
  const [inbox, submit] = [lanes.inbox("bulk"), lanes.submit(provider, "bulk")];
  const wrapped = (id: MessageId) => ({ failures: 1, enqueuedAt: START, item: inboxItem(id) });
  const unreadable = (id: MessageId) => ({ ...submitItem(id), from: 7 });
  const { store, backup } = await restore(
    async (before) => {
      for (const id of ids) await before.commit({ events: eventsUpTo(id, "accepted") });
      const items = [wrapped(failed), { is: "nothing" }, inboxItem(beside), wrapped(fails)];
      const routed = [submitItem(sent), unreadable(broken), submitItem(waits), unreadable(beyond)];
      await before.commit({
        chunks: [
          { id: mint.chunkId(), lane: inbox, items },
          { id: mint.chunkId(), lane: submit, items: routed, positions: routed.length },
        ],
      });
    },
    async (after) => {
      for (const id of [failed, beside, sent, broken])
        await after.commit({ events: deliveredLife(id, START).slice(1) });
    },
  );
  await store.declareStanding("restored");
  const loss = await findLoss(store, reports.database);
  const done = await reconcileSet({ store, clock: systemClock, mint, owner: "test" }, reports.database, loss);
  expect(done).toMatchObject({ takenOff: 4, buried: 1, acceptedAgain: 0, inDoubt: 0, unseen: 0 });
  expect(await Promise.all(ids.map((id) => statusIn(store, id)))).toEqual([
    ...["delivered", "delivered", "delivered", "delivered"],
    ...["accepted", "accepted", "rejected"],
  ]);
  const left = await store.dead({ max: 10 });
  expect(left.flatMap(({ items }) => items)).toMatchObject([{ item: { id: beyond } }]);
  const backAt = { ...systemClock, now: () => systemClock.now() + BACK_MS };
  const later = open(backup, { clock: backAt });
  const claim = { itemsMax: 512, leaseMs: 1_000, owner: "test" };
  const [onInbox, onSubmit] = await Promise.all(
    [inbox, submit].map((lane) => later.claim({ lanes: [lane], ...claim })),
  );
  expect(onInbox?.map(({ items }) => items)).toEqual([[{ is: "nothing" }, wrapped(fails)]]);
  expect(onSubmit?.map(({ items }) => items)).toEqual([[submitItem(waits)]]);
  await projectAll(reports.database, [store]);
  expect(await verify({ ...reports, stores: [store] })).toEqual([]);
});

test("money is given and taken as the lost batches did, once, and their operations cannot be done again", async () => {
  const [acme, other] = ["acme", "other"] as AccountId[] as [AccountId, AccountId];
  const creditOn = (store: Store) => {
    return { stores: [store], closed: [], clock: systemClock, mint, random: systemRandom };
  };
  const asked = { account: acme, currency: "AUD", actor: "ada" } as const;
  const pay = (store: Store, id: string, amount: bigint) =>
    changeCredit(creditOn(store), { ...asked, type: "paid", micros: amount as Micros }, id);
  const id = mint.messageId(set);
  const life = deliveredLife(id, START).map((event) =>
    event.type === "billed" ? ({ ...event, charged: true } as const) : event,
  );
  const billed = life.find((event) => event.type === "billed");
  const price = BigInt(billed?.type === "billed" ? billed.totalMicros : 0) as Micros;
  const { store } = await restore(
    (before) => pay(before, "first", 1_000_000n),
    async (after) => {
      await after.commit({ events: life.slice(0, 1) });
      const [slot] = slotsOf(acme);
      if (slot === undefined) throw new Error("no slot");
      await after.commit({ events: life.slice(1), charges: [{ allotment: slot, micros: price }] });
      await pay(after, "second", 50_000n);
      const handed = { ...asked, type: "transferred", to: other, micros: 30_000n as Micros } as const;
      await changeCredit(creditOn(after), handed, "third");
      await changeCredit(creditOn(after), { ...asked, type: "lent", micros: 7n as Micros }, "x");
    },
  );
  await store.declareStanding("restored");
  const deps = { store, clock: systemClock, mint, owner: "test" };
  const loss = await findLoss(store, reports.database);
  // Twice, as a run may be broken off.
  await putMoneyBack(store, loss.batches, systemClock.now());
  expect((await reconcileSet(deps, reports.database, loss)).owed).toEqual(new Map());
  const left = await readCredit(creditOn(store), [acme, other]);
  expect(left.get(acme)).toMatchObject({ balance: 1_020_000n - price, limit: 7n });
  expect(left.get(other)).toMatchObject({ balance: 30_000n });
  expect((await pay(store, "second", 50_000n)).type).toBe("repeated");
  const { rows } = await reports.database.run(
    "SELECT sum(micros)::text AS micros FROM report.ledger WHERE account = 'acme' AND of_credit",
    [],
  );
  expect(rows).toEqual([{ micros: `${1_020_000n - price}` }]);
});
