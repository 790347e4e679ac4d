import { expect, test } from "bun:test";
import { describeMemory, type MemoryRun } from "./figures.ts";
import type { Progress } from "./progress.ts";

const SECOND = 1_000;
const TIMES = { warmTo: 40 * SECOND, filledAt: 100 * SECOND, endAt: 280 * SECOND };
const BEFORE_WARM_UP = progress(0, 0);
const WARM = progress(TIMES.warmTo, 500);
const ROLES = ["edge", "worker", "connectors", "projector", "reports"] as const;

function progress(atMs: number, done: number): Progress {
  const waiting = { "syd1 inbox.bulk": 1_000_000 - done, "fra1 inbox.bulk": 900_000 - done };
  return { atMs, waiting, submits: done, receipts: done, batches: done };
}

/** All roles at 170 MB; `extra` is what one of them holds beyond that. */
function run(role: string, extra: (seconds: number) => number): MemoryRun {
  const samples = Array.from({ length: 141 }, (_, i) => {
    const megabytes = Object.fromEntries(ROLES.map((name) => [name, 170 + (name === role ? extra(i * 2) : 0)]));
    return { atMs: i * 2 * SECOND, megabytes };
  });
  const [peak, end] = [progress(TIMES.filledAt, 1_000), progress(TIMES.endAt, 91_000)];
  return { samples, beforeWarmUp: BEFORE_WARM_UP, warm: WARM, peak, end, answers: { "202": 9_000 } };
}

/** 300 bytes of each of 1,500 messages a second. */
const leak = (seconds: number): number => (Math.max(0, seconds - 40) * 1_500 * 300) / 2 ** 20;

test("roles that hold what they held are flat, and the figures say so", () => {
  const { figures, failures } = describeMemory(run("none", () => 0));
  expect(failures).toEqual([]);
  expect(figures).toMatchObject({
    processed_per_s: { routed: 1_000, submitted: 500, receipts: 500, projected_batches: 500 },
    rss_growth: { worker: 1 },
    rss_slope_mb_per_min: { worker: 0 },
  });
});

for (const role of ROLES) {
  test(`turns red when the ${role} leaks 300 bytes a message, and says how fast`, () => {
    const { figures, failures } = describeMemory(run(role, leak));
    expect(failures).toEqual([expect.stringContaining(`${role} grows by 25.7 MB a minute`)]);
    expect(figures).toMatchObject({ rss_slope_mb_per_min: { [role]: 25.75 } });
  });
}

test("the slope is of what comes after the first minute: settling into a rate is no leak", () => {
  const { failures } = describeMemory(run("projector", (seconds) => Math.min(60, Math.max(0, seconds - 100))));
  expect(failures).toEqual([]);
});

test("a short time has a slope too", () => {
  const short = { ...run("worker", leak), end: progress(TIMES.filledAt + 40 * SECOND, 91_000) };
  expect(describeMemory(short).failures).toEqual([expect.stringContaining("worker grows by 25.7 MB a minute")]);
});

test("turns red when the warm-up was over before its time", () => {
  const warm = { ...WARM, waiting: { "syd1 submit.sim.bulk": 3 } };
  const { failures } = describeMemory({ ...run("none", () => 0), warm });
  expect(failures).toEqual([expect.stringContaining("warm-up was over")]);
});

test("turns red when the edge accepted nothing, and when a role was never seen", () => {
  const { failures } = describeMemory({ ...run("none", () => 0), answers: { "503": 9_000 } });
  expect(failures).toEqual([expect.stringContaining("accepted nothing")]);
  const blind = describeMemory({ ...run("none", () => 0), samples: [] });
  expect(blind.failures).toEqual(ROLES.map((role) => `${role} was not seen`));
});
