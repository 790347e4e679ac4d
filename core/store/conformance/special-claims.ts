/**
 * Claims that do not go by preference alone: owed lanes, overdue chunks, single chunks; and the pages of lane `dead`.
 */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { ChunkId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { LANE_SKIPS_MAX } from "#domain/limits.ts";
import type { Hold } from "../store.ts";
import { type Bundle, chunk, claimOne, eventually, freshLane, LEASE_MS } from "./kit.ts";

export function describeSpecialClaims(setup: () => Bundle): void {
  test("a lane that is passed over again and again has its turn", async () => {
    const { store } = setup();
    const [first, last] = [freshLane(), freshLane()];
    const flood = Array.from({ length: LANE_SKIPS_MAX + 1 }, (_, i) => chunk(first, [i]));
    await store.commit({ chunks: [...flood, chunk(last, ["mine"])] });
    const taken: Hold[] = [];
    while (taken.length < flood.length) {
      taken.push(...(await store.claim({ lanes: [first, last], itemsMax: 1, leaseMs: LEASE_MS, owner: "test" })));
    }
    expect(taken.map(({ lane }) => lane)).toEqual([...Array(LANE_SKIPS_MAX).fill(first), last]);
  });

  test("claimOverdue() finds what nobody acted on in time, on whatever lane, and leaves marks alone", async () => {
    const { store, other } = setup();
    const [late, held, early, plain] = [freshLane(), freshLane(), freshLane(), freshLane()];
    const now = systemClock.now();
    const overdue = chunk(late, ["late"], { actBy: now - 60_000, positions: 4 });
    await store.commit({
      chunks: [
        overdue,
        chunk(held, ["held"], { actBy: now - 60_000 }),
        chunk(early, ["early"], { actBy: now + 3_600_000 }),
        chunk(plain, ["no hurry"]),
      ],
    });
    await claimOne(other, held);
    const found = await eventually(async () => {
      const holds = await store.claimOverdue({ itemsMax: 100, leaseMs: LEASE_MS, owner: "sweep" });
      return holds.length > 0 ? holds : undefined;
    });
    expect(found.map(({ lane, items }) => [lane, items])).toEqual([[late, ["late"]]]);
    expect(found[0]?.progress).toMatchObject({ positions: 4, mark: 0, priorMark: 0 });
    expect((await store.commit({ acks: found.map(({ lease }) => lease) })).type).toBe("committed");
  });

  test("claim() of single chunks takes these and no others of their lane", async () => {
    const { store } = setup();
    const lane = freshLane();
    const [wanted, other] = [chunk(lane, ["wanted"]), chunk(lane, ["other"])];
    await store.commit({ chunks: [wanted, other] });
    const only = [wanted.id, "no such chunk" as ChunkId];
    const claim = { lanes: [lane], itemsMax: 10, leaseMs: LEASE_MS, owner: "test", only };
    const holds = await eventually(async () => {
      const some = await store.claim(claim);
      return some.length > 0 ? some : undefined;
    });
    expect(holds.map(({ items }) => items)).toEqual([["wanted"]]);
    expect((await claimOne(store, lane)).items).toEqual(["other"]);
  });

  test("dead() pages through lane dead in the order of ids, held chunks too", async () => {
    const { store } = setup();
    const buried = Array.from({ length: 5 }, (_, i) => chunk(lanes.dead, [i]));
    await store.commit({ chunks: buried });
    await claimOne(store, lanes.dead);
    const ids: ChunkId[] = [];
    for (let after: ChunkId | undefined; ; ) {
      const page = await store.dead({ max: 2, ...(after === undefined ? {} : { after }) });
      ids.push(...page.map(({ id }) => id));
      after = page.at(-1)?.id;
      if (after === undefined) break;
    }
    expect(ids).toEqual(ids.toSorted());
    expect(ids).toEqual(expect.arrayContaining(buried.map(({ id }) => id)));
  });
}
