// Seeds: nothing is found in any of them, every interesting state is reached in some, and each is the same run twice.

import { expect, test } from "bun:test";
import type { Step } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import type { Fault } from "./nemesis/fault-table.ts";
import type { Plant } from "./plant.ts";
import { overlayStore } from "./plants/overlay-store.ts";
import { runSeed } from "./run-seed.ts";
import { describeFailures, inMacrotask, runSeeds } from "./run-seeds.ts";

const SEEDS = 1_500;
const TWICE = 20;
const LIMIT_MS = 540_000;

test(
  `${SEEDS} seeds keep every promise, and reach every state that counts`,
  async () => {
    const { failed, never } = await runSeeds({ from: 1, count: SEEDS });
    expect(describeFailures(failed)).toBe("");
    expect(never).toEqual([]);
  },
  LIMIT_MS,
);

/** Where thousands of seeds have found something that other seeds did not: kept with what it took. */
const FOUND: readonly (readonly [what: string, seed: number, schedule: readonly Fault[]])[] = [
  [
    "a projector that reads from a primary that is none any more takes no set for a restored one",
    103_449,
    [
      {
        at: 2_099,
        kind: "isolate",
        set: "fra1" as SetId,
        stays: ["worker-1", "connector-1", "projector-1"],
        awayMs: 1_795,
        survives: 0.04762970842421055,
        ms: 5_785,
      },
      { at: 3_734, kind: "kill", process: "projector-1", afterDeliveries: 50, downMs: 2_581 },
    ],
  ],
];

test.each(FOUND)("%s", async (_, seed, schedule) => {
  const { findings, history } = await inMacrotask(() => runSeed({ seed, schedule }));
  expect([findings, history.faults.filter(({ happened }) => !happened)]).toEqual([[], []]);
});

test(
  `each of ${TWICE} seeds gives the same run twice`,
  async () => {
    for (let seed = 1; seed <= TWICE; seed++) {
      const [one, other] = [await inMacrotask(() => runSeed({ seed })), await inMacrotask(() => runSeed({ seed }))];
      expect(`${seed} ${other.traceHash} ${other.steps}`).toBe(`${seed} ${one.traceHash} ${one.steps}`);
    }
  },
  LIMIT_MS,
);

test(
  "a run that only wrote something else is another run",
  async () => {
    let runs = 0;
    const shiftEvents: Plant = {
      name: "shift-events",
      wrapStore(store, { role }) {
        if (!role.startsWith("edge")) return store;
        const byMs = runs;
        const shifted = (step: Step): Step => ({
          ...step,
          events: (step.events ?? []).map((event) => ({ ...event, at: event.at + byMs })),
        });
        return overlayStore(store, { commit: (step) => store.commit(shifted(step)) });
      },
    };
    const traces: string[] = [];
    for (; runs < 2; runs++) {
      const { traceHash, steps } = await inMacrotask(() => runSeed({ seed: 3, schedule: [], plant: shiftEvents }));
      traces.push(`${steps} ${traceHash}`);
    }
    const [one, other] = traces.map((trace) => trace.split(" "));
    expect(other?.[0]).toBe(one?.[0] ?? "");
    expect(other?.[1]).not.toBe(one?.[1] ?? "");
  },
  LIMIT_MS,
);

test(
  "a schedule that is given takes the place of the seed's own",
  async () => {
    const run = await inMacrotask(() => runSeed({ seed: 3, schedule: [] }));
    expect([run.history.faults, run.findings]).toEqual([[], []]);
  },
  LIMIT_MS,
);
