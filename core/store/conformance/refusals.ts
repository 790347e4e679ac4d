/** Steps that are refused whole: a send key that is taken (invariant I11), an allotment that holds too little (I3). */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { MessageId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { allotmentId, type SendKey, sendKeyId } from "../store.ts";
import { accepted, account, type Bundle, chunk, claimOne, freshLane, LEASE_MS, mint } from "./kit.ts";

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
