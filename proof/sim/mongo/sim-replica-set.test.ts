/** The suite that a real set passes, on the simulated one: what the driver relies on, the model gives. */
import { expect, test } from "bun:test";
import { openMongoStoreOn } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchema } from "#core/store/mongo/schema.ts";
import { describeStore } from "#core/store/store.conformance.ts";
import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { createSimReplicaSet } from "./sim-replica-set.ts";
import { createPerfectWire } from "./wire.ts";

const open = () =>
  createSimReplicaSet({
    name: "syd1",
    clock: systemClock,
    random: systemRandom,
    replicationMs: { min: 0, max: 2 },
  });

for (const writers of [1, 4]) {
  describeStore(`simulated mongo, ${writers} writers`, async () => {
    const set = "syd1" as SetId;
    const simulated = open();
    return {
      set,
      openStore: async () =>
        openMongoStoreOn(simulated.connect(createPerfectWire()), {
          set,
          region: "syd",
          database: "sim",
          clock: systemClock,
          random: systemRandom,
          log: silentLogger,
          owner: "conformance",
          writers,
        }),
      [Symbol.asyncDispose]: async () => {},
    };
  });
}

test("a new set is as setupMongoSchema leaves it: running that on it changes nothing", async () => {
  const simulated = open();
  const before = simulated.committed("schema");
  const report = await setupMongoSchema(simulated.connect(createPerfectWire()).db("sim"));
  expect(report.from).toBe(report.to);
  expect(simulated.committed("schema")).toEqual(before);
});
