/** Claims, leases and send marks (invariant I7). */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import { accepted, type Bundle, chunk, claimOne, eventually, freshLane, LEASE_MS, SHORT_LEASE_MS } from "./kit.ts";

export function describeLeases(setup: () => Bundle): void {
  test("claim() returns no chunk twice while its lease holds, whoever asks", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    await store.commit({ chunks: Array.from({ length: 40 }, (_, i) => chunk(lane, [i])) });
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        (i % 2 ? store : other).claim({ lanes: [lane], itemsMax: 5, leaseMs: LEASE_MS, owner: `w${i}` }),
      ),
    );
    const items = claims.flatMap((holds) => holds.flatMap((hold) => hold.items));
    expect(new Set(items).size).toBe(items.length);
  });

  test("claim() gathers small chunks up to itemsMax, and takes a larger one alone", async () => {
    const { store } = setup();
    const lane = freshLane();
    await store.commit({ chunks: Array.from({ length: 6 }, (_, i) => chunk(lane, [i, i])) });
    const holds = await store.claim({ lanes: [lane], itemsMax: 7, leaseMs: LEASE_MS, owner: "test" });
    expect(holds.flatMap((hold) => hold.items).length).toBe(6);
    expect((await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "test" })).length).toBe(1);
  });

  test("claim() takes lanes in their order, however long the backlog of a later one has been waiting", async () => {
    const { store } = setup();
    const [first, second] = [freshLane(), freshLane()];
    await store.commit({ chunks: Array.from({ length: 80 }, (_, i) => chunk(second, [i])) });
    await store.commit({ chunks: [chunk(first, ["urgent"])] });
    const claimed = async (lanes: readonly Lane[]): Promise<unknown> => {
      const [hold] = await store.claim({ lanes, itemsMax: 2, leaseMs: LEASE_MS, owner: "test" });
      return hold?.items[0];
    };
    expect(await eventually(() => claimed([first, second]))).toBe("urgent");
    expect(await claimed([first, second])).toBeNumber();
    expect(await claimed([second, first])).toBeNumber();
  });

  test("claim() leaves other lanes and delayed chunks alone", async () => {
    const { store } = setup();
    const [lane, elsewhere] = [freshLane(), freshLane()];
    await store.commit({ chunks: [chunk(lane, ["later"], { delayMs: 400 }), chunk(elsewhere, ["not mine"])] });
    const before = systemClock.monotonic();
    expect(await store.claim({ lanes: [lane], itemsMax: 10, leaseMs: LEASE_MS, owner: "test" })).toEqual([]);
    expect((await claimOne(store, lane)).items).toEqual(["later"]);
    expect(systemClock.monotonic() - before).toBeGreaterThan(250);
  });
}

export function describeLapses(setup: () => Bundle): void {
  test("a lapsed lease is another's: the late settle is refused and leaves no trace", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    await store.commit({ chunks: [chunk(lane, ["work"])] });
    const late = await claimOne(store, lane, SHORT_LEASE_MS);
    const takeover = await claimOne(other, lane);
    expect(takeover.deliveries).toBe(late.deliveries + 1);
    expect((await store.commit({ acks: [late.lease], events: [accepted(id)] })).type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    expect((await other.commit({ acks: [takeover.lease] })).type).toBe("committed");
  });

  test("an acknowledgement is judged by its token: late but not taken over is in time", async () => {
    const { store } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["slow"])] });
    const hold = await claimOne(store, lane, SHORT_LEASE_MS);
    await eventually(async () => (systemClock.monotonic() > hold.deadline + SHORT_LEASE_MS ? true : undefined));
    expect((await store.commit({ acks: [hold.lease] })).type).toBe("committed");
  });

  test("renew() keeps what is still ours and leaves out what is lost", async () => {
    const { store, other } = setup();
    const [kept, lost] = [freshLane(), freshLane()];
    await store.commit({ chunks: [chunk(kept, ["kept"]), chunk(lost, ["lost"])] });
    const mine = await claimOne(store, kept, LEASE_MS);
    const gone = await claimOne(store, lost, SHORT_LEASE_MS);
    await claimOne(other, lost);
    const renewed = await store.renew([mine, gone], LEASE_MS);
    expect(renewed.map((hold) => hold.lease)).toEqual([mine.lease]);
    expect(renewed[0]?.deadline).toBeGreaterThanOrEqual(mine.deadline);
  });

  test("renew() tells an old lease of a chunk from the new one that the same process got", async () => {
    const { store } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["twice"])] });
    const old = await claimOne(store, lane, SHORT_LEASE_MS);
    const next = await claimOne(store, lane);
    expect((await store.renew([old, next], LEASE_MS)).map((hold) => hold.lease)).toEqual([next.lease]);
  });

  test("release() makes a chunk ready again after its delay, and only if it is still ours", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["again"])] });
    const first = await claimOne(store, lane);
    await store.release([first.lease], 0);
    const second = await claimOne(other, lane);
    await store.release([first.lease], 0);
    expect(await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "test" })).toEqual([]);
    expect((await other.commit({ acks: [second.lease] })).type).toBe("committed");
  });
}

export function describeMarks(setup: () => Bundle): void {
  test("claim() raises the send mark within the chunk, and a takeover sees what may have been sent", async () => {
    const { store, other, messageId } = setup();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["a", "b"], { positions: 5 })] });
    const hold = await claimOne(store, lane, LEASE_MS, 3);
    expect(hold.progress).toEqual({ positions: 5, mark: 3, priorMark: 0, settledTo: 0, settledBeyond: [] });
    const advance = { lease: hold.lease, mark: 4, settledTo: 1, settledBeyond: [2] };
    const id = messageId();
    expect((await store.commit({ marks: [advance], events: [accepted(id)] })).type).toBe("committed");
    await store.release([hold.lease], 0);
    const takeover = await claimOne(other, lane, LEASE_MS, 3);
    expect(takeover.progress).toEqual({ positions: 5, mark: 5, priorMark: 4, settledTo: 1, settledBeyond: [2] });
    expect((await store.events.ofMessage(id)).length).toBe(1);
  });

  test("claim() of several chunks marks no more of them than itemsMax, whatever their segments", async () => {
    const { store } = setup();
    const lane = freshLane();
    const three = [["a"], ["b"], ["c"]].map((items) => chunk(lane, items, { positions: 3 }));
    await store.commit({ chunks: three });
    const holds = await store.claim({ lanes: [lane], itemsMax: 4, leaseMs: LEASE_MS, owner: "test", markAhead: 4 });
    expect(holds.map(({ progress }) => progress.mark)).toEqual([1, 1, 1]);
  });

  test("commit() of a mark under a lost lease is refused whole", async () => {
    const { store, other, messageId } = setup();
    const [lane, id] = [freshLane(), messageId()];
    await store.commit({ chunks: [chunk(lane, ["a"], { positions: 9 })] });
    const late = await claimOne(store, lane, SHORT_LEASE_MS, 1);
    const takeover = await claimOne(other, lane, LEASE_MS, 1);
    const advance = { lease: late.lease, mark: 9, settledTo: 9, settledBeyond: [] };
    expect((await store.commit({ marks: [advance], events: [accepted(id)] })).type).toBe("lease_lost");
    expect(await store.events.ofMessage(id)).toEqual([]);
    await other.release([takeover.lease], 0);
    expect((await claimOne(other, lane, LEASE_MS, 1)).progress).toMatchObject({ settledTo: 0, priorMark: 2 });
  });
}
