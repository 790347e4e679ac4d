/** What the driver says of an enqueue that was under way when its primary stepped down: a real defect, found here. */
import { expect, test } from "bun:test";
import { openMongoStoreOn } from "#core/store/mongo/open-mongo-store.ts";
import type { CommitResult } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import { createIdMint } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { createSimReplicaSet } from "./sim-replica-set.ts";
import { createTestClock } from "./testing/test-clock.ts";
import { createPerfectWire } from "./wire.ts";

let drawn = 0;
const random = {
  fraction: () => 0.5,
  bytes: (count: number) => Uint8Array.from({ length: count }, () => (drawn++ * 37) % 256),
};

async function enqueueAcrossElection(survives: number) {
  const { clock, pass } = createTestClock();
  const set = createSimReplicaSet({ name: "syd1", clock, random, replicationMs: { min: 10, max: 10 } });
  const deps = { set: "syd1" as SetId, region: "syd", database: "sim", clock, random, log: silentLogger };
  const store = openMongoStoreOn(set.connect(createPerfectWire()), { ...deps, owner: "test", writers: 1 });
  await pass(100);
  const chunk = { id: createIdMint({ clock, random }).chunkId(), lane: lanes.receipts, items: [{ receipt: 1 }] };
  const begunAt = clock.now();
  let result: CommitResult | undefined;
  void store.commit({ chunks: [chunk] }).then((said) => {
    result = said;
  });
  await pass(5);
  const effect = set.elect({ how: "stepped_down", awayMs: 3_000, survives });
  expect(effect).toMatchObject({ happened: true, survived: survives, rolledBack: 1 - survives });
  await pass(30_000);
  const held = set.committed("chunks").find(({ _id }) => _id === chunk.id);
  return { result, there: held !== undefined, waitsSinceMs: Number(held?.at) - begunAt };
}

test("one that the next primary has is committed, and never called failed", async () => {
  expect(await enqueueAcrossElection(1)).toMatchObject({ result: { type: "committed" }, there: true });
});

test("one that was rolled back is put there again, or never called committed", async () => {
  expect(await enqueueAcrossElection(0)).toMatchObject({ result: { type: "committed" }, there: true });
});

test("one that was put there again waits since then: claims look where new work is", async () => {
  expect((await enqueueAcrossElection(0)).waitsSinceMs).toBeGreaterThan(1_900);
  expect((await enqueueAcrossElection(1)).waitsSinceMs).toBeLessThan(0);
});
