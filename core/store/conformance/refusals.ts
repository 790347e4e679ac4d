/** Steps that are refused whole: a send key that is taken (invariant I11), an allotment that holds too little (I3). */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { AccountId, MessageId } from "#domain/ids.ts";
import type { Micros, MicrosText } from "#domain/money.ts";
import { type AllotmentId, allotmentId } from "../charge.ts";
import { moneyKey, moneyKeyId } from "../effect-keys.ts";
import { type SendKey, sendKeyId } from "../store.ts";
import { accepted, account, type Bundle, chunk, claimOne, freshLane, LEASE_MS, mint, readAll } from "./kit.ts";

function key(ids: readonly MessageId[], name = mint.unique()): SendKey {
  return { id: sendKeyId(account, name), record: { fingerprint: `of ${ids.join()}`, ids, at: systemClock.now() } };
}
const freshAllotment = () => allotmentId(account, Math.trunc(Number.parseInt(mint.unique().slice(-9), 36)));
const micros = (amount: bigint): Micros => amount as Micros;

export function describeSendKeys(setup: () => Bundle): void {
  test("a send key is taken by the step that commits, and found by every process", async () => {
    const { store, other, messageId } = setup();
    const [one, two] = [key([messageId()]), key([messageId(), messageId()])];
    expect((await store.commit({ chunks: [chunk(freshLane(), [1])], sendKeys: [one, two] })).type).toBe("committed");
    const found = await other.findSendKeys([one.id, sendKeyId(account, "nobody's"), two.id]);
    expect(found).toEqual(new Map([one, two].map(({ id, record }) => [id, record])));
  });

  test("a step with a taken key leaves nothing behind and says whose the key is", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    const first = key([messageId()]);
    const free = key([id]);
    await store.commit({ sendKeys: [first] });
    const again = { ...first, record: { ...first.record, ids: [id] } };
    const step = { events: [accepted(id)], chunks: [chunk(lane, [{ id }])], sendKeys: [free, again] };
    expect(await other.commit(step)).toEqual({ type: "key_taken", taken: new Map([[first.id, first.record]]) });
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect((await store.depth()).get(lane)).toBeUndefined();
    expect((await store.commit({ ...step, sendKeys: [free] })).type).toBe("committed");
  });

  test("of many steps at once with one key exactly one commits, and the others learn its ids", async () => {
    const { store, other, messageId } = setup();
    const name = mint.unique();
    const keys = Array.from({ length: 8 }, () => key([messageId()], name));
    const results = await Promise.all(keys.map((each, i) => (i % 2 ? store : other).commit({ sendKeys: [each] })));
    const winners = keys.filter((_, i) => results[i]?.type === "committed");
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.type !== "committed") {
        expect(result).toEqual({ type: "key_taken", taken: new Map(winners.map(({ id, record }) => [id, record])) });
      }
    }
  });
}

export function describeBalances(setup: () => Bundle): void {
  test("balances() at once sees all of a step or nothing of it, however many it reads", async () => {
    const { store, other } = setup();
    const own = `many${systemClock.now()}` as AccountId;
    const ids = Array.from({ length: 400 }, (_, i) => allotmentId(own, 1_000 + i));
    const [first, last] = [ids[0], ids.at(-1)] as [AllotmentId, AllotmentId];
    const give = (allotment: AllotmentId, amount: bigint) => ({ allotment, micros: micros(-amount) });
    await store.commit({ charges: ids.map((id) => give(id, 1_000n)) });
    const moves = (async () => {
      for (let i = 0; i < 20; i++) await other.commit({ charges: [give(first, -10n), give(last, 10n)] });
    })();
    for (let isMoving = true; isMoving; ) {
      const held = await store.balances(ids, { atOnce: true });
      expect([...held.values()].reduce((sum, each) => sum + each, 0n)).toBe(400_000n);
      isMoving = (held.get(last) ?? 0n) < 1_200n;
      // A driver that answers at once would leave the writer no turn.
      await systemClock.sleep(1);
    }
    await moves;
  });
}

export function describeMoney(setup: () => Bundle): void {
  test("a charge moves money in its step, to the last micro", async () => {
    const { store, other } = setup();
    const slot = freshAllotment();
    const huge = 9_007_199_254_740_993n; // one more than a double can tell apart from its neighbour
    await store.commit({ charges: [{ allotment: slot, micros: micros(-huge) }] });
    await other.commit({ charges: [{ allotment: slot, micros: micros(1n) }] });
    expect(await store.balances([slot, freshAllotment()])).toEqual(new Map([[slot, micros(huge - 1n)]]));
  });

  test("a charge that an allotment cannot bear refuses the whole step and names it", async () => {
    const { store, messageId } = setup();
    const [rich, poor, lane, id] = [freshAllotment(), freshAllotment(), freshLane(), messageId()];
    await store.commit({ charges: [rich, poor].map((allotment) => ({ allotment, micros: micros(-100n) })) });
    const charges = [
      { allotment: rich, micros: micros(60n) },
      { allotment: poor, micros: micros(101n) },
    ];
    const step = { events: [accepted(id)], chunks: [chunk(lane, [{ id }])], charges };
    expect(await store.commit(step)).toEqual({ type: "credit_short", allotment: poor });
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect(await store.balances([rich, poor])).toEqual(
      new Map([
        [rich, micros(100n)],
        [poor, micros(100n)],
      ]),
    );
  });

  test("an allotment that was never given anything bears no charge, and is not made by one", async () => {
    const { store } = setup();
    const nobody = freshAllotment();
    const step = { charges: [{ allotment: nobody, micros: micros(1n) }] };
    expect(await store.commit(step)).toEqual({ type: "credit_short", allotment: nobody });
    expect((await store.balances([nobody])).size).toBe(0);
  });

  test("charges of many steps at once on one allotment stop exactly at its end", async () => {
    const { store, other } = setup();
    const slot = freshAllotment();
    await store.commit({ charges: [{ allotment: slot, micros: micros(-30n) }] });
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? store : other).commit({ charges: [{ allotment: slot, micros: micros(7n) }] }),
      ),
    );
    expect(results.filter(({ type }) => type === "committed")).toHaveLength(4);
    expect(results.filter(({ type }) => type === "credit_short")).toHaveLength(6);
    expect(await store.balances([slot])).toEqual(new Map([[slot, micros(2n)]]));
  });

  test("a lost lease takes the charge of its step with it", async () => {
    const { store } = setup();
    const [slot, lane] = [freshAllotment(), freshLane()];
    await store.commit({ chunks: [chunk(lane, [1])], charges: [{ allotment: slot, micros: micros(-5n) }] });
    const hold = await claimOne(store, lane, LEASE_MS);
    const step = { acks: [hold.lease], charges: [{ allotment: slot, micros: micros(5n) }] };
    expect((await store.commit(step)).type).toBe("committed");
    expect((await store.commit({ ...step, charges: [{ allotment: slot, micros: micros(-9n) }] })).type).toBe(
      "lease_lost",
    );
    expect(await store.balances([slot])).toEqual(new Map([[slot, micros(0n)]]));
  });
}

export function describeEntries(setup: () => Bundle): void {
  test("a step takes from some allotments and gives to others, new ones too, in one go", async () => {
    const { store } = setup();
    const [one, two, made] = [freshAllotment(), freshAllotment(), freshAllotment()];
    await store.commit({ charges: [one, two].map((allotment) => ({ allotment, micros: micros(-100n) })) });
    const amounts = [
      [one, 30n],
      [made, -30n],
      [two, -5n],
    ] as const;
    await store.commit({ charges: amounts.map(([allotment, amount]) => ({ allotment, micros: micros(amount) })) });
    const held = new Map([one, two, made].map((allotment, i) => [allotment, micros([70n, 105n, 30n][i] ?? 0n)]));
    expect(await store.balances([one, two, made])).toEqual(held);
  });

  test("allotments() gives each that holds something once, in order, page by page", async () => {
    const { store, other } = setup();
    const name = mint.unique();
    const ids = [3, 1, 2].map((part) => allotmentId(name as AccountId, part));
    await store.commit({ charges: ids.map((allotment, i) => ({ allotment, micros: micros(BigInt(-i)) })) });
    const read = (after: AllotmentId) => other.allotments({ after, max: 1 });
    const before = allotmentId(name as AccountId, "");
    expect(await read(before)).toEqual([{ id: allotmentId(name as AccountId, 1), micros: micros(1n) }]);
    expect(await read(allotmentId(name as AccountId, 1))).toEqual([
      { id: allotmentId(name as AccountId, 2), micros: micros(2n) },
    ]);
    expect((await read(allotmentId(name as AccountId, 2))).map(({ id }) => id)).not.toContain(ids[0]);
  });

  test("what an entry says stands in the batch of its step, and only there", async () => {
    const { store, messageId } = setup();
    const entry = {
      type: "paid",
      id: mint.unique(),
      at: 5,
      account,
      micros: "-7",
      currency: "EUR",
      actor: "test",
    } as const;
    const entries = [{ ...entry, micros: "-7" as MicrosText }];
    await store.commit({ events: [accepted(messageId())], entries });
    await store.commit({ events: [accepted(messageId())] });
    const batches = await readAll(store);
    expect(batches.filter((batch) => "entries" in batch).map((batch) => batch.entries)).toContainEqual(entries);
    expect(batches.some((batch) => batch.kind === "events" && !("entries" in batch))).toBe(true);
  });

  test("money moves once under one id, whoever tries it and how often", async () => {
    const { store, other } = setup();
    const [slot, id] = [freshAllotment(), mint.unique()];
    const step = { charges: [{ allotment: slot, micros: micros(-9n) }], sendKeys: [moneyKey(id, 5)] };
    const results = await Promise.all([store, other, store, other].map((each) => each.commit(step)));
    expect(results.map(({ type }) => type).sort()).toEqual(["committed", "key_taken", "key_taken", "key_taken"]);
    expect(await store.balances([slot])).toEqual(new Map([[slot, micros(9n)]]));
    expect((await other.findSendKeys([moneyKeyId(id)])).has(moneyKeyId(id))).toBe(true);
  });
}
