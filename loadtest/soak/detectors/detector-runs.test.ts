import { expect, test } from "bun:test";
import { plants } from "../plants/plants.ts";
import { type DetectorRun, isFound, judgeDetectors, NOISY_REPEATS_MAX, nextRun, SAME } from "./detector-runs.ts";
import { renderDetectors } from "./render-detectors.ts";

const PLAN = { same: 20, each: 3 };
const SENTENCES: Readonly<Record<string, string>> = {
  "slow-handlers": "handlers of a step is 9 ms, 50 % above the median",
  "dropped-index": "CPU per 1,000 messages is 20 s",
  leak: "worker-2 live heap grows by 100 MB an hour",
  "drop-messages": "I1 durable: 2",
};

function run(planted: string, verdict: DetectorRun["verdict"], because = SENTENCES[planted] ?? "so"): DetectorRun {
  return { planted, startedAt: "2026-01-01T00:00:00.000Z", commit: "abc", machine: "one", verdict, because };
}

const same = (count: number, verdict: DetectorRun["verdict"]): readonly DetectorRun[] =>
  Array.from({ length: count }, () => run(SAME, verdict));
const allFound = plants.flatMap((plant) => Array.from({ length: 3 }, () => run(plant.name, plant.expects.verdict)));

test("first nothing is planted, then each in turn, and it ends", () => {
  const runs: DetectorRun[] = [];
  const order: string[] = [];
  for (let next = nextRun(runs, PLAN); next !== undefined; next = nextRun(runs, PLAN)) {
    order.push(next);
    runs.push(run(next, "ok"));
  }
  const names = plants.map(({ name }) => name);
  expect(order).toEqual([...Array.from({ length: 20 }, () => SAME), ...names, ...names, ...names]);
});

test("a noisy run of a plant is made again, but not for ever; one with nothing planted is not", () => {
  const runs: DetectorRun[] = [...same(20, "noisy")];
  for (let next = nextRun(runs, PLAN); next !== undefined; next = nextRun(runs, PLAN)) runs.push(run(next, "noisy"));
  expect(runs.length).toBe(20 + plants.length * (NOISY_REPEATS_MAX * 3 + 1));
  expect(judgeDetectors(runs, PLAN).some(({ holds }) => holds)).toBe(false);
});

test("what holds, and what takes it away", () => {
  const holds = (runs: readonly DetectorRun[]): readonly boolean[] =>
    judgeDetectors(runs, PLAN).map((line) => line.holds);
  const good = [...same(16, "ok"), ...same(1, "regressed"), ...same(2, "noisy"), ...same(1, "invalid"), ...allFound];
  expect(holds(good)).toEqual([true, true, true, true, true]);
  expect(holds([...same(18, "ok"), ...same(2, "regressed"), ...allFound])[0]).toBe(false);
  expect(holds([...same(16, "ok"), ...same(4, "noisy"), ...allFound])[0]).toBe(false);
  expect(holds([...same(19, "ok"), ...allFound])[0]).toBe(false);
  expect(holds([...good, run("leak", "noisy")])).toEqual([true, true, true, true, true]);
  expect(holds([...good, run("leak", "ok")])).toEqual([true, true, true, false, true]);
});

test("red for another reason than its own is not found", () => {
  for (const plant of plants) {
    expect(isFound(plant, run(plant.name, plant.expects.verdict))).toBe(true);
    expect(isFound(plant, run(plant.name, plant.expects.verdict, "rate is 3 messages/s"))).toBe(false);
    expect(isFound(plant, run(plant.name, "ok"))).toBe(false);
  }
});

test("the table says of each run what it said, whatever characters are in it", () => {
  const runs = [run(SAME, "ok", "a | b\nc"), ...allFound];
  const text = renderDetectors({ command: "npm run x", lines: judgeDetectors(runs, { same: 1, each: 3 }), runs });
  expect(text).toContain("| nothing | ok | a \\| b c |");
  expect(text.match(/\| holds \|/g)?.length).toBe(5);
  expect(text).toContain("on one.");
});
