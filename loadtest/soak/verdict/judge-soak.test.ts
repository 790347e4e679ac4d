import { expect, test } from "bun:test";
import type { Random } from "#domain/random.ts";
import { seededStream } from "../../../proof/seeded-random.ts";
import type { GatedNumbers, SoakRecord } from "../soak-record.ts";
import { CHANGE_RUNS_MAX } from "./judge-gates.ts";
import { judgeSoak, type SoakEvidence, type WatchedSlope } from "./judge-soak.ts";
import type { PairedResult } from "./paired-blocks.ts";
import { SEEDS_MIN, seedsWhere, syntheticHistory, syntheticRun } from "./testing/synthetic-runs.ts";

type Planted = Readonly<Partial<Record<keyof GatedNumbers, number>>>;

function evidence(random: Random, nights: number, planted: Planted = {}): SoakEvidence {
  return {
    run: syntheticRun(random, nights, planted),
    invariants: { verdict: "valid", because: "every message has one end" },
    generator: { bound: false, because: "it used a tenth of a core" },
    crossedThresholds: [],
    slopes: [],
    history: syntheticHistory(random, nights),
  };
}

function quiet(nights = 20, planted: Planted = {}): SoakEvidence {
  return evidence(seededStream(6_001, "judge"), nights, planted);
}

const LEAK: WatchedSlope = {
  what: "worker-1 live heap",
  unit: "MB",
  slope: { perHour: 5, low: 4.5, high: 5.5, sharePerHour: 0.07, hoursToLimit: 30, verdict: "leak" },
  gates: true,
};
const PAIR: PairedResult = { pairs: 8, ratio: 1.2, low: 1.1, high: 1.3, pValue: 1 / 256, outcome: "regressed" };

test("a night like all others is ok, with a baseline and without", () => {
  const nights = [0, 3, 8, 20, 60];
  for (const count of nights) {
    const green = seedsWhere(`quiet ${count}`, (random) => judgeSoak(evidence(random, count)).verdict.name === "ok");
    expect({ count, enough: green.length >= SEEDS_MIN }).toEqual({ count, enough: true });
  }
  expect(judgeSoak(quiet(3)).verdict.because).toStartWith("ok (no baseline)");
  expect(judgeSoak(quiet(20)).verdict.because).toBe("all 9 numbers are within what the last 14 good runs allow");
});

test("each number that gets worse turns its own gate red, and one that gets better none", () => {
  const planted: Planted = {
    ratePerSecond: 0.9,
    endToEndP50Ms: 1.25,
    handlingMs: 1.4,
    endToEndP95Ms: 1.3,
    endToEndP99Ms: 1.5,
    cpuSecondsPerThousand: 1.15,
    peakHeapMb: 1.3,
    projectionLagP95Ms: 1.6,
  };
  for (const [name, factor] of Object.entries(planted)) {
    const red = seedsWhere(`planted ${name}`, (random) => {
      const { verdict, gates } = judgeSoak(evidence(random, 20, { [name]: factor }));
      return verdict.name === "regressed" && gates.find((gate) => gate.name === name)?.outcome === "broken";
    });
    expect({ name, enough: red.length >= SEEDS_MIN }).toEqual({ name, enough: true });
    const better = seedsWhere(`better ${name}`, (random) => {
      return judgeSoak(evidence(random, 20, { [name]: 1 / factor })).verdict.name === "ok";
    });
    expect({ name, enough: better.length >= SEEDS_MIN }).toEqual({ name, enough: true });
  }
});

test("failures are judged by the million: fifty of an hour are none, the same fifty of a minute are many", () => {
  const { run, ...rest } = quiet();
  const failing = { ...run, numbers: { ...run.numbers, failures: 50 } };
  expect(judgeSoak({ ...rest, run: failing }).verdict.name).toBe("ok");
  const short = judgeSoak({ ...rest, run: { ...failing, durationMs: 60_000 } });
  expect(short.verdict.name).toBe("regressed");
  expect(short.verdict.because).toContain("failures is 2778 per million messages");
});

test("the sentence says which number, by how much, and against what", () => {
  const { run, ...rest } = quiet();
  const history = rest.history.map((past) => ({ ...past, numbers: { ...past.numbers, endToEndP95Ms: 250 } }));
  const slow = { ...run, numbers: { ...run.numbers, endToEndP95Ms: 300 } };
  const { verdict, gates } = judgeSoak({ ...rest, history, run: slow });
  const sentence = "end-to-end p95 is 300 ms, 20.0 % above the median of 14 runs (250); 275 was allowed";
  expect(verdict).toEqual({ name: "regressed", because: sentence });
  expect(gates.find(({ name }) => name === "endToEndP95Ms")).toMatchObject({
    value: 300,
    limit: 275,
    baseline: { median: 250, runs: 14 },
    by: "history",
  });
});

test("invalid > noisy > regressed > ok", () => {
  const { run, ...rest } = quiet(20, { cpuSecondsPerThousand: 2 });
  const slow = { ...rest, run, slopes: [LEAK] };
  expect(judgeSoak(slow).verdict.because).toEndWith("(and 1 more)");
  const drifted = { ...slow, run: { ...run, after: { ...run.after, cpuLoopMs: 500 } } };
  expect(judgeSoak(drifted).verdict).toMatchObject({ name: "noisy", because: expect.stringContaining("processor") });
  const bound = { ...slow, generator: { bound: true, because: "k6 had 95 % of its core" } };
  expect(judgeSoak(bound).verdict).toEqual({ name: "noisy", because: "k6 had 95 % of its core" });
  const lost = { ...drifted, invariants: { verdict: "invalid", because: "3 messages were lost" } } as const;
  expect(judgeSoak(lost).verdict).toEqual({ name: "invalid", because: "3 messages were lost" });
  // What was found is told whatever the verdict is.
  expect(judgeSoak(lost).leaks).toEqual([LEAK]);
  expect(judgeSoak(lost).gates.filter(({ outcome }) => outcome === "broken")).toHaveLength(1);
});

test("what was not checked, or not measured, is not green", () => {
  const unknown = { ...quiet(), invariants: { verdict: "unknown", because: "a file was cut" } } as const;
  expect(judgeSoak(unknown).verdict).toMatchObject({ name: "invalid", because: expect.stringContaining("not known") });
  for (const nights of [3, 20]) {
    const { run, ...rest } = quiet(nights);
    const missing = { ...rest, run: { ...run, numbers: { ...run.numbers, endToEndP99Ms: Number.NaN } } };
    expect(judgeSoak(missing).verdict).toEqual({ name: "invalid", because: "end-to-end p99 was not measured" });
  }
});

test("a leak is told before the full heap and the slow steps that follow from it", () => {
  const { verdict } = judgeSoak({ ...quiet(20, { peakHeapMb: 2, handlingMs: 2 }), slopes: [LEAK] });
  expect(verdict.name).toBe("regressed");
  expect(verdict.because).toMatch(/^worker-1 live heap grows by .* \(and 2 more\)$/);
});

test("of several numbers the one furthest beyond its limit is told", () => {
  const { verdict } = judgeSoak(quiet(20, { endToEndP50Ms: 1.5, handlingMs: 4, projectionLagP95Ms: 2 }));
  expect(verdict.name).toBe("regressed");
  expect(verdict.because).toMatch(/^handlers of a step is .* \(and 2 more\)$/);
  expect(judgeSoak(quiet(20, { projectionLagP95Ms: 5 })).verdict.because).toStartWith("projection lag p95 is");
});

test("a leak alone is red, one that is only told is not", () => {
  const leaking = judgeSoak({ ...quiet(), slopes: [LEAK] }).verdict;
  expect(leaking.name).toBe("regressed");
  expect(leaking.because).toContain("worker-1 live heap grows by 5.00 MB an hour");
  expect(judgeSoak({ ...quiet(), slopes: [{ ...LEAK, gates: false }] }).verdict.name).toBe("ok");
});

test("without a baseline the absolute limits decide", () => {
  const slow = judgeSoak(quiet(3, { endToEndP95Ms: 40 })).verdict;
  expect(slow.name).toBe("regressed");
  expect(slow.because).toContain("without a baseline has to be at most 5000");
  expect(judgeSoak(quiet(3, { ratePerSecond: 0.8 })).verdict.because).toContain("at least 285");
});

test("a paired run confirms, refutes, or finds what the history cannot see; too few pairs do nothing", () => {
  const slow = quiet(20, { cpuSecondsPerThousand: 1.2 });
  const judged = (of: SoakEvidence, pair: PairedResult) =>
    judgeSoak({ ...of, paired: { cpuSecondsPerThousand: pair } });
  expect(judged(slow, PAIR).verdict).toMatchObject({ name: "regressed", because: expect.stringContaining("8 pairs") });
  const refuted = judged(slow, { ...PAIR, ratio: 1, low: 0.99, high: 1.01, outcome: "held" });
  expect(refuted.verdict.name).toBe("ok");
  expect(refuted.verdict.because).toContain("two builds side by side showed no such difference");
  expect(judged(slow, { ...PAIR, outcome: "too few" }).verdict.name).toBe("regressed");
  expect(judged(quiet(), PAIR).verdict.name).toBe("regressed");
});

/** Each night is judged by those before it, and kept with its verdict. */
function live(random: Random, nights: number, planted: (night: number) => Planted): readonly SoakRecord[] {
  const history: SoakRecord[] = [];
  for (let night = 0; night < nights; night++) {
    const run = syntheticRun(random, night, planted(night));
    const { verdict } = judgeSoak({ ...evidence(random, 0), run, history });
    history.push({ ...run, verdict });
  }
  return history;
}

test("a drift of a fifth of a percent a night is red in the end, by its change and not by a night's limit", () => {
  const red = seedsWhere("drift", (random) => {
    const nights = live(random, 60, (night) => ({ cpuSecondsPerThousand: 1 + 0.002 * night }));
    const [drifted, chance] = [/^CPU .* and stayed there/, /^CPU .* was allowed/].map((sentence) =>
      nights.filter(({ verdict }) => verdict.name === "regressed" && sentence.test(verdict.because)),
    );
    // A night beyond the limit comes by chance and goes; the change stays.
    return (drifted?.length ?? 0) > (chance?.length ?? 0) && nights.at(-1)?.verdict.name === "regressed";
  });
  expect(red.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("a step is red from its first night until it is cured, and green in the night of the cure", () => {
  const right = seedsWhere("cured", (random) => {
    const slow = (night: number): boolean => night >= 20 && night < 30;
    const nights = live(random, 32, (night) => ({ endToEndP95Ms: slow(night) ? 1.3 : 1 }));
    return nights.slice(18).every(({ verdict }, i) => verdict.name === (slow(i + 18) ? "regressed" : "ok"));
  });
  expect(right.length).toBeGreaterThanOrEqual(SEEDS_MIN);
});

test("a change that is older than the window is not told again", () => {
  const { run, history, ...rest } = quiet(80);
  const change = history.length - CHANGE_RUNS_MAX - 5;
  const stepped = history.map((past, i) => ({
    ...past,
    numbers: { ...past.numbers, cpuSecondsPerThousand: i < change ? 1 : 1.2 },
  }));
  const same = { ...run, numbers: { ...run.numbers, cpuSecondsPerThousand: 1.2 } };
  expect(judgeSoak({ ...rest, run: same, history: stepped }).verdict.name).toBe("ok");
});
