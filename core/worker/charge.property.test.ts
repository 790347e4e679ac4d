/**
 * The ledger against a plain model: any interleaving of charges, payments, loans, transfers and carrying between sets,
 * with steps that fail and repeat, on two sets and three levels. Sums are exact at any moment, and nobody spends what
 * he does not have.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { CREDIT_WAIT_MS } from "#core/handlers/charge-message.ts";
import { type CreditChange, changeCredit, readCredit } from "#core/ledger/change-credit.ts";
import type { CommitFault } from "#core/store/memory/memory-store.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { EventOf, LevelBill } from "#domain/event.ts";
import type { AccountId, MessageId, SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import type { Micros } from "#domain/money.ts";
import { processInbox } from "./process-inbox.ts";
import { processRelay } from "./process-relay.ts";
import { type Bench, claim, fra, inboxItem, setup, syd } from "./testing/bench.ts";

const [customer, other, reseller, top] = ["customer", "other", "reseller", "top"] as AccountId[] as [
  AccountId,
  AccountId,
  AccountId,
  AccountId,
];
const PRICES = { retail: 7, wholesale: 5, bulk: 3 };
const tree = [
  { id: customer, parent: reseller, credit: "limited" },
  { id: other, parent: reseller, credit: "limited" },
  { id: reseller, parent: top, priceList: "wholesale", credit: "limited" },
  { id: top, priceList: "bulk", credit: "unlimited" },
] as const;
const limited = [customer, other, reseller];

type Asked = { readonly account: AccountId; readonly micros: Micros } & (
  | { readonly type: "paid" | "lent" }
  | { readonly type: "transferred"; readonly to: AccountId }
);

type Command =
  | { readonly type: "send"; readonly set: 0 | 1; readonly account: AccountId; readonly segments: readonly number[] }
  | { readonly type: "change"; readonly change: Asked; readonly again: boolean; readonly named: boolean }
  | { readonly type: "relay" | "crash"; readonly set: 0 | 1 }
  | { readonly type: "fault"; readonly set: 0 | 1; readonly fault: CommitFault | undefined };

const set = fc.constantFrom<0 | 1>(0, 1);
const account = fc.constantFrom(customer, other, reseller);
const micros = (min: number): fc.Arbitrary<Micros> => fc.bigInt({ min: BigInt(min), max: 60n }).map((m) => m as Micros);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("send" as const),
      ...{ set, account: fc.constantFrom(customer, other) },
      segments: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("change" as const),
      ...{ again: fc.boolean(), named: fc.boolean() },
      change: fc.oneof(
        fc.record({ type: fc.constantFrom("paid" as const, "lent" as const), account, micros: micros(-30) }),
        fc.record({
          type: fc.constant("transferred" as const),
          account: fc.constant(reseller),
          to: fc.constantFrom(customer, other),
          micros: micros(1),
        }),
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("relay" as const, "crash" as const), set }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("fault" as const),
      set,
      fault: fc.constantFrom<(CommitFault | undefined)[]>("failed", "unknown_applied", "unknown_lost", undefined),
    }),
  },
);

/** What each account may spend, by the plain rule. */
class Model {
  readonly balance = new Map<AccountId, bigint>(limited.map((id) => [id, 0n]));
  readonly limit = new Map<AccountId, bigint>(limited.map((id) => [id, 0n]));

  add(id: AccountId, amount: bigint): void {
    this.balance.set(id, (this.balance.get(id) ?? 0n) + amount);
  }

  apply(change: Asked): void {
    const { account: id, micros: amount } = change;
    if (change.type === "transferred") {
      this.add(id, -amount);
      this.add(change.to, amount);
    } else if (change.type === "paid") this.add(id, amount);
    else this.limit.set(id, (this.limit.get(id) ?? 0n) + amount);
  }

  charge(bills: readonly LevelBill[]): void {
    for (const { account: id, totalMicros } of bills) if (this.balance.has(id)) this.add(id, -BigInt(totalMicros));
  }
}

async function play(commands: readonly Command[]): Promise<void> {
  const bench = setup({ accounts: tree, prices: PRICES });
  const model = new Model();
  const sent: MessageId[] = [];
  const counted = new Set<MessageId>();
  for (const each of commands) {
    await run(bench, model, each, sent);
    await agree(bench, model, sent, counted);
  }
  bench.faults.clear();
  await untilIdle(bench);
  await agree(bench, model, sent, counted);
  // Nothing waits any more: what was affordable went out, and the rest was refused.
  const ends = await Promise.all(sent.map((id) => eventsOf(bench, id)));
  const refused = ends.filter((events) => !events.some(({ type }) => type === "billed"));
  for (const events of refused) expect(events.map(({ type }) => type)).toContain("rejected");
  const onItsWay = [...(await readCredit(contextOf(bench), limited)).values()].map((credit) => credit.onItsWay);
  expect(onItsWay).toEqual([0n, 0n, 0n] as Micros[]);
}

async function run(bench: Bench, model: Model, each: Command, sent: MessageId[]): Promise<void> {
  const store = each.type === "change" ? bench.syd : storeOf(bench, each.set);
  switch (each.type) {
    case "send": {
      const items = each.segments.map((segments) => {
        const id = bench.context.mint.messageId(store.set);
        return inboxItem(id, { account: each.account, segments });
      });
      const fault = bench.faults.get(store.set);
      bench.faults.delete(store.set);
      await store.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane: lanes.inbox("bulk"), items }] });
      if (fault !== undefined) bench.faults.set(store.set, fault);
      sent.push(...items.map(({ id }) => id));
      return work(bench, store);
    }
    case "change": {
      const chosen = each.named ? bench.context.mint.unique() : undefined;
      const change = { ...each.change, currency: "EUR", actor: "test" } as CreditChange;
      const first = await changeCredit(contextOf(bench), change, chosen);
      if (first.type === "changed") model.apply(each.change);
      if (first.type === "unknown") bench.faults.clear();
      if (!each.again && first.type !== "unknown") return;
      const second = await changeCredit(contextOf(bench), change, "id" in first ? first.id : chosen);
      if (first.type === "changed") expect(second.type).toBe("repeated");
      else if (second.type === "changed" || second.type === "repeated") model.apply(each.change);
      return;
    }
    case "relay":
      return relay(bench, store);
    case "fault":
      if (each.fault === undefined) bench.faults.delete(store.set);
      else bench.faults.set(store.set, each.fault);
      return;
    case "crash": {
      // It has claimed, and never comes to its step.
      await claim(store, lanes.inbox("bulk"), lanes.relay(store.set === syd ? fra : syd));
      bench.advance(1_001);
      return;
    }
  }
}

const storeOf = (bench: Bench, at: 0 | 1): Store => (at === 0 ? bench.syd : bench.fra);
const contextOf = (bench: Bench) => ({
  ...{ stores: [bench.syd, bench.fra], closed: [] },
  clock: {
    ...bench.context.clock,
    // Whoever waits for money to come lets the workers carry it.
    sleep: async (ms: number) => {
      bench.advance(ms);
      for (const store of [bench.syd, bench.fra]) await relay(bench, store);
    },
  },
  mint: bench.context.mint,
  random: bench.context.random,
});

async function work(bench: Bench, store: Store): Promise<void> {
  const holds = await claim(store, lanes.inbox("bulk"));
  if (holds.length === 0) return;
  await processInbox(bench.context, store, holds);
  // What is looked for on the other set, beside the work.
  await systemClock.sleep(0);
}

async function relay(bench: Bench, store: Store): Promise<void> {
  const target = store === bench.syd ? bench.fra : bench.syd;
  const holds = await claim(store, lanes.relay(target.set));
  if (holds.length > 0) await processRelay(bench.context, target, store, holds);
}

async function untilIdle(bench: Bench): Promise<void> {
  const stores = [bench.syd, bench.fra];
  const rounds = (2 * CREDIT_WAIT_MS) / 500;
  for (let round = 0; round < rounds; round++) {
    for (const store of stores) await work(bench, store);
    for (const store of stores) await relay(bench, store);
    bench.advance(500);
    const depths = await Promise.all(stores.map((store) => store.depth()));
    const waiting = depths.flatMap((depth) => [...depth.keys()]).filter((lane) => !lane.startsWith("submit."));
    if (waiting.length === 0) return;
  }
  throw new Error("Messages still wait for credit");
}

async function eventsOf(bench: Bench, id: MessageId) {
  return (id.startsWith(syd) ? bench.syd : bench.fra).events.ofMessage(id);
}

/** The ledger says what the model says, and both what the events say. */
async function agree(bench: Bench, model: Model, sent: readonly MessageId[], counted: Set<MessageId>): Promise<void> {
  for (const id of sent) {
    const billed = (await eventsOf(bench, id)).filter((event): event is EventOf<"billed"> => event.type === "billed");
    expect(billed.length).toBeLessThanOrEqual(1);
    const [bill] = billed;
    if (bill === undefined || counted.has(id)) continue;
    counted.add(id);
    expect([bill, ...(bill.above ?? [])].map(({ account: payer }) => payer)).toEqual([bill.account, reseller, top]);
    model.charge([bill, ...(bill.above ?? [])]);
  }
  const credits = await readCredit(contextOf(bench), limited);
  for (const id of limited) {
    const credit = credits.get(id);
    const expected = { balance: model.balance.get(id), limit: model.limit.get(id) };
    expect({ balance: credit?.balance, limit: credit?.limit } as object).toEqual(expected);
    expect((expected.balance ?? 0n) + (expected.limit ?? 0n)).toBeGreaterThanOrEqual(0n);
  }
}

test("the ledger is the plain model's, whatever happens in whatever order", async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), play), { numRuns: 300 });
}, 120_000);

test("exactly what can be paid goes out, whichever sets the money and the messages are on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ set, micros: micros(0) }), { maxLength: 6 }),
      fc.array(fc.record({ set, count: fc.integer({ min: 1, max: 6 }) }), { maxLength: 8 }),
      async (payments, sends) => {
        const bench = setup({ accounts: [{ id: customer, credit: "limited" }], prices: { retail: 7 } });
        for (const { set: at, micros: amount } of payments) {
          const own = { ...contextOf(bench), stores: [storeOf(bench, at)] };
          const change = { type: "paid", account: customer, micros: amount, currency: "EUR", actor: "test" } as const;
          await changeCredit(own, change);
        }
        const sent: MessageId[] = [];
        for (const { set: at, count } of sends) {
          const store = storeOf(bench, at);
          const ids = Array.from({ length: count }, () => bench.context.mint.messageId(store.set));
          const items = ids.map((id) => inboxItem(id, { account: customer }));
          await store.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane: lanes.inbox("bulk"), items }] });
          sent.push(...ids);
        }
        await untilIdle(bench);
        const ends = await Promise.all(sent.map((id) => eventsOf(bench, id)));
        const paid = ends.filter((events) => events.some(({ type }) => type === "billed")).length;
        const total = payments.reduce((sum, { micros: amount }) => sum + amount, 0n);
        expect(paid).toBe(Math.min(sent.length, Number(total / 7n)));
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

test("a set that is away lets no more out than its own part, and its part goes out when it is back", async () => {
  const bench = setup({ accounts: tree, prices: PRICES });
  const pay = (id: AccountId, amount: bigint) =>
    changeCredit(contextOf(bench), {
      type: "paid",
      account: id,
      micros: amount as Micros,
      currency: "EUR",
      actor: "test",
    });
  await pay(customer, 70n);
  await pay(reseller, 1_000n);
  await untilIdle(bench);
  const stores = bench.context.stores as Map<SetId, Store>;
  const refuse = () => Promise.reject(new StoreError("store_unreachable", "away", { retryable: true }));
  stores.set(fra, { set: fra, balances: refuse } as unknown as Store);
  const items = Array.from({ length: 8 }, () => inboxItem(bench.context.mint.messageId(syd), { account: customer }));
  await bench.syd.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane: lanes.inbox("bulk"), items }] });
  await work(bench, bench.syd);
  const outcomes = async () =>
    Promise.all(items.map(async ({ id }) => (await eventsOf(bench, id)).map(({ type }) => type).join()));
  const wentOut = (all: readonly string[]) => all.filter((types) => types.includes("billed")).length;
  expect(wentOut(await outcomes())).toBe(5);
  expect((await outcomes()).filter((types) => types === "")).toHaveLength(3);
  stores.set(fra, bench.fra);
  await untilIdle(bench);
  expect(wentOut(await outcomes())).toBe(8);
}, 60_000);
