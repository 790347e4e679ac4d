import { describe, expect, test } from "bun:test";
import { groupsOf, planTests, testKindOf } from "./plan.ts";

const FILES = [
  "core/a.test.ts",
  "core/a.property.test.ts",
  "core/store/b.int.test.ts",
  "edge/app.test.ts",
  "edge/app_test.ts",
  "proof/sim/crashes.sim.test.ts",
  "proof/sim/seeds.sim.test.ts",
  "loadtest/soak.long.test.ts",
  "testkit/life.e2e.test.ts",
  "testkit/night.e2e.test.ts",
  "proof/chaos/chaos.e2e.test.ts",
  "core/a.ts",
  "core/a.conformance.ts",
];

describe("testKindOf()", () => {
  test("knows each kind by the name, and nothing else for a test", () => {
    expect(FILES.map(testKindOf)).toEqual([
      "unit",
      "unit",
      "integration",
      "unit",
      "edge-deno",
      "simulation",
      "simulation",
      "long",
      "e2e",
      "e2e",
      "e2e",
      undefined,
      undefined,
    ]);
  });
});

describe("planTests()", () => {
  test("runs integration beside the rest, then the e2e files two at a time, the longest first", () => {
    const [first, second] = planTests(FILES, { long: false, filters: [] });
    expect(first?.lanes.map((lane) => lane.map(({ kind }) => kind))).toEqual([["unit", "edge-deno"], ["integration"]]);
    expect(first?.shared.map(({ files }) => files)).toEqual([
      ["proof/sim/seeds.sim.test.ts"],
      ["proof/sim/crashes.sim.test.ts"],
    ]);
    expect(second?.lanes).toEqual([[], []]);
    expect(second?.shared.map(({ name }) => name)).toEqual([
      "proof/chaos/chaos.e2e.test.ts",
      "testkit/life.e2e.test.ts",
      "testkit/night.e2e.test.ts",
    ]);
  });

  test("runs long files only when asked, each alone", () => {
    const lastOf = (long: boolean) => planTests(FILES, { long, filters: [] }).at(-1)?.lanes;
    expect(lastOf(false)).toEqual([[]]);
    expect(lastOf(true)?.map((lane) => lane.map(({ kind }) => kind))).toEqual([["long"]]);
  });

  test("leaves out no test file and takes none twice", () => {
    const planned = groupsOf(planTests(FILES, { long: true, filters: [] })).flatMap(({ files }) => files);
    expect([...planned].sort()).toEqual(FILES.filter((file) => testKindOf(file) !== undefined).sort());
  });

  test("keeps the files whose path contains any filter", () => {
    const groups = groupsOf(planTests(FILES, { long: true, filters: ["store", "app"] }));
    expect(groups.flatMap(({ files }) => files)).toEqual([
      "edge/app.test.ts",
      "edge/app_test.ts",
      "core/store/b.int.test.ts",
    ]);
    expect(groupsOf(planTests(FILES, { long: true, filters: ["nowhere"] }))).toEqual([]);
  });
});
