import { expect, test } from "bun:test";
import type { SetId } from "#domain/ids.ts";
import { seededStream } from "../../seeded-random.ts";
import type { FaultTargets } from "./fault-kind.ts";
import { type Fault, faultKinds, lastsMs } from "./fault-table.ts";
import { planFaults } from "./plan-faults.ts";

const SEEDS = 200;
/** After it the run goes on for two minutes at most (run-seed.ts): a longer one would not be seen to heal. */
const LASTS_MS_MAX = 30_000;
const targets: FaultTargets = {
  processes: ["edge-1", "connector-1"],
  connectors: ["connector-1"],
  sets: ["syd1" as SetId, "fra1" as SetId],
};
const planned: readonly Fault[] = Array.from({ length: SEEDS }, (_, seed) =>
  planFaults(seededStream(seed, "faults"), targets),
).flat();

test("every kind of fault is planned, and ends by itself", () => {
  expect(new Set(planned.map(({ kind }) => kind))).toEqual(new Set(faultKinds.map(({ kind }) => kind)));
  for (const fault of planned) {
    expect(lastsMs(fault)).toBeWithin(0, LASTS_MS_MAX);
  }
});

test("a fault is data: written down and read, it is the same", () => {
  expect(JSON.parse(JSON.stringify(planned))).toEqual([...planned]);
});

test("no kind is in the table twice", () => {
  expect(new Set(faultKinds.map(({ kind }) => kind)).size).toBe(faultKinds.length);
});
