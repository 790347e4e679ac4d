/** Tentative claims: nothing says that a chunk is taken, and still its work is done once. */
import { expect, test } from "bun:test";
import type { Lane } from "#domain/lane.ts";
import type { Hold, Store } from "../store.ts";
import { accepted, type Bundle, chunk, claimOne, eventually, freshLane, LEASE_MS } from "./kit.ts";

function tryTentatively(store: Store, lane: Lane): Promise<readonly Hold[]> {
  return store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "test", tentative: true });
}

async function takeTentatively(store: Store, lane: Lane): Promise<Hold> {
  return eventually(async () => (await tryTentatively(store, lane))[0]);
}

/** Each test has stores of its own: one that has lost a step claims in writing for a while. */
export function describeTentativeClaims(setup: () => Bundle & { readonly openStore: () => Promise<Store> }): void {
  test("of two tentative holders of a chunk the first to commit wins, and the other leaves no trace", async () => {
    const { openStore, messageId } = setup();
    await using store = await openStore();
    await using other = await openStore();
    const [lane, to, winner, loser] = [freshLane(), freshLane(), messageId(), messageId()];
    await store.commit({ chunks: [chunk(lane, ["work"])] });
    const [mine, theirs] = [await takeTentatively(store, lane), await takeTentatively(other, lane)];
    expect(mine.lease.chunk).toBe(theirs.lease.chunk);
    const step = { acks: [theirs.lease], events: [accepted(winner)], chunks: [chunk(to, ["once"])] };
    expect((await other.commit(step)).type).toBe("committed");
    const late = { acks: [mine.lease], events: [accepted(loser)], chunks: [chunk(to, ["twice"])] };
    expect((await store.commit(late)).type).toBe("lease_lost");
    expect(await store.events.ofMessage(loser)).toEqual([]);
    expect((await store.depth()).get(to)).toMatchObject({ items: 1 });
  });

  test("a claim that is written takes the chunk from a tentative holder", async () => {
    const { openStore } = setup();
    await using store = await openStore();
    await using other = await openStore();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["work"])] });
    const mine = await takeTentatively(store, lane);
    const theirs = await claimOne(other, lane);
    expect((await store.commit({ acks: [mine.lease] })).type).toBe("lease_lost");
    expect((await other.commit({ acks: [theirs.lease] })).type).toBe("committed");
  });

  test("a chunk whose lease has lapsed or was given back can be taken tentatively", async () => {
    const { openStore } = setup();
    await using store = await openStore();
    await using other = await openStore();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["again"], { positions: 3 })] });
    const first = await claimOne(other, lane, LEASE_MS, 2);
    expect(await tryTentatively(store, lane)).toEqual([]);
    await other.release([first.lease], 0);
    const second = await takeTentatively(store, lane);
    expect(second.deliveries).toBe(first.deliveries + 1);
    expect(second.progress).toMatchObject({ mark: 2, priorMark: 2 });
    expect((await store.commit({ acks: [second.lease] })).type).toBe("committed");
  });

  test("release() of a tentative hold puts its chunk off", async () => {
    const { openStore } = setup();
    await using store = await openStore();
    const lane = freshLane();
    await store.commit({ chunks: [chunk(lane, ["later"])] });
    const hold = await takeTentatively(store, lane);
    await store.release([hold.lease], 60_000);
    expect(await tryTentatively(store, lane)).toEqual([]);
  });
}
