/** A step is all or nothing (invariant I2). */
import { expect, test } from "bun:test";
import type { E164 } from "#domain/e164.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { type Lease, optOutKey } from "../store.ts";
import { accepted, account, type Bundle, chunk, claimOne, freshLane, readAll } from "./kit.ts";

export function describeSteps(setup: () => Bundle): void {
  test("commit() makes the events and chunks of a step visible to every process", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    const result = await store.commit({ events: [accepted(id)], chunks: [chunk(lane, [{ id }])] });
    expect(result.type).toBe("committed");
    expect(await other.events.ofMessage(id)).toEqual([accepted(id, { at: expect.any(Number) })]);
    expect((await claimOne(other, lane)).items).toEqual([{ id }]);
  });

  test("commit() of a chunk without events stores it once, however often it is repeated", async () => {
    const { store } = setup();
    const lane = freshLane();
    const same = chunk(lane, [1, 2, 3]);
    for (let i = 0; i < 3; i++) expect((await store.commit({ chunks: [same] })).type).toBe("committed");
    expect((await store.depth()).get(lane)).toMatchObject({ chunks: 1, items: 3 });
  });

  test("commit() acknowledges, appends and forwards all at once", async () => {
    const { store, messageId } = setup();
    const [from, to, id] = [freshLane(), freshLane(), messageId()];
    await store.commit({ chunks: [chunk(from, ["in"])] });
    const hold = await claimOne(store, from);
    const result = await store.commit({ acks: [hold.lease], events: [accepted(id)], chunks: [chunk(to, ["out"])] });
    expect(result.type).toBe("committed");
    const depth = await store.depth();
    expect([depth.get(from), depth.get(to)?.items]).toEqual([undefined, 1]);
  });

  test("commit() with one lost lease among several changes nothing at all", async () => {
    const { store, messageId } = setup();
    const [from, to, id] = [freshLane(), freshLane(), messageId()];
    await store.commit({ chunks: [chunk(from, ["a"]), chunk(from, ["b"])] });
    const [good, bad] = [await claimOne(store, from), await claimOne(store, from)];
    const stolen = { ...bad.lease, token: "of somebody else" } as Lease;
    const result = await store.commit({
      acks: [good.lease, stolen],
      events: [accepted(id)],
      chunks: [chunk(to, ["out"])],
      optOuts: [{ account, number: "+61400000999" as E164, out: true, at: 1 }],
    });
    expect(result.type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect((await store.depth()).get(to)).toBeUndefined();
    expect((await store.depth()).get(from)?.chunks).toBe(2);
    expect(await store.optedOut([optOutKey(account, "+61400000999")])).toEqual(new Set());
    expect((await store.commit({ acks: [good.lease, bad.lease] })).type).toBe("committed");
  });

  test("commit() refuses a chunk beyond its bounds before anything is written", async () => {
    const { store } = setup();
    const lane = freshLane();
    const many = Array.from({ length: CHUNK_ITEMS_MAX + 1 }, (_, i) => i);
    expect(store.commit({ chunks: [chunk(lane, many)] })).rejects.toThrow(RangeError);
    expect(store.commit({ chunks: [chunk(lane, [])] })).rejects.toThrow("between 1 and");
    expect((await store.depth()).get(lane)).toBeUndefined();
  });

  test("200 commits at once from two processes are all there, once each", async () => {
    const { store, other, messageId } = setup();
    const lane = freshLane();
    const ids = Array.from({ length: 200 }, messageId);
    const results = await Promise.all(
      ids.map((id, i) =>
        (i % 2 ? store : other).commit({
          events: [accepted(id)],
          chunks: [chunk(lane, [{ id }])],
          urgent: i % 5 === 0,
        }),
      ),
    );
    expect(new Set(results.map((result) => result.type))).toEqual(new Set(["committed"]));
    expect((await store.depth()).get(lane)?.items).toBe(200);
    const seen = (await readAll(store)).flatMap((batch) => batch.events.map((event) => event.message));
    expect(ids.filter((id) => seen.filter((other) => other === id).length !== 1)).toEqual([]);
  });
}
