import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createManualClock, type ManualClock } from "../../../edge/cases/manual-clock.ts";
import { readSeries } from "./read-series.ts";
import { fileBytesMax, SAMPLES_MAX, type SampleSource, sampleIntervalMs, samplesBytesMax } from "./sample-source.ts";
import { startSampler } from "./sampler.ts";

const MINUTE = 60_000;
let folder = "";
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "godwit-samples-"));
  clock = createManualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function source(name: string, sample: SampleSource["sample"], every = 1): SampleSource {
  return { name, bytesMax: 200, every, sample };
}

/** Lets the samples of `count` intervals be taken and written: files are real, so moving the time is not enough. */
async function passIntervals(intervalMs: number, count: number, asked: () => number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const before = asked();
    await clock.advance(intervalMs);
    while (asked() === before) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(0);
    }
  }
}

test("the interval grows with the planned duration, so that the samples of a run keep their bound", () => {
  expect(sampleIntervalMs(2 * MINUTE)).toBe(5_000);
  expect(sampleIntervalMs(240 * MINUTE)).toBe(6_000);
  const [month, bound] = [30 * 24 * 60 * MINUTE, { bytesMax: 100, every: 1 }];
  expect(Math.ceil(month / sampleIntervalMs(month))).toBeLessThanOrEqual(SAMPLES_MAX);
  expect(samplesBytesMax([bound, { ...bound, every: 6 }])).toBeGreaterThanOrEqual(100 * SAMPLES_MAX + 100 * 500);
});

test("a source that fails is noted once when it begins and once when it ends, and the others go on", async () => {
  let asked = 0;
  const flaky = source("flaky", async () => {
    asked += 1;
    if (asked >= 2 && asked <= 4) throw new Error("away");
    return { n: asked };
  });
  let steadyAsked = 0;
  const steady = source("steady", async () => ({ n: ++steadyAsked }));
  const sampler = await startSampler({ sources: [flaky, steady], folder, clock, durationMs: MINUTE });
  await passIntervals(sampler.intervalMs, 6, () => Math.min(asked, steadyAsked));
  const notes = await sampler.stop();
  expect(notes.map(({ source: of, note }) => `${of} ${note}`)).toEqual(["flaky failing: away", "flaky well again"]);
  const read = await readSeries(sampler.files.get("flaky") ?? "");
  expect(read.series.get("n")?.map(({ last }) => last)).toEqual([1, 5, 6, 7]);
  expect(read.notes).toEqual([...notes]);
  const other = await readSeries(sampler.files.get("steady") ?? "");
  expect(other.series.get("n")?.map(({ last }) => last)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(clock.armed()).toBe(0);
});

test("a source that never answers delays nobody, is noted, and does not hold up the end", async () => {
  let asked = 0;
  const hanging = source("hanging", () => new Promise(() => undefined));
  const steady = source("steady", async () => ({ n: ++asked }));
  const sampler = await startSampler({ sources: [hanging, steady], folder, clock, durationMs: MINUTE });
  await passIntervals(sampler.intervalMs, 5, () => asked);
  expect((await sampler.stop()).map(({ note }) => note)).toEqual(["failing: no answer within 10000 ms"]);
  expect(asked).toBeGreaterThanOrEqual(6);
});

test("a sample longer than its bound is not written, and a file never passes its bound", async () => {
  let asked = 0;
  const every = SAMPLES_MAX / 20;
  const sample = async (): Promise<Record<string, number>> => {
    asked += 1;
    return Object.fromEntries(Array.from({ length: asked === 2 ? 99 : 1 }, (_, i) => [`figure.${i}`, i]));
  };
  const wordy = source("wordy", sample, every);
  const sampler = await startSampler({ sources: [wordy], folder, clock, durationMs: MINUTE });
  await passIntervals(sampler.intervalMs * every, 20, () => asked);
  for (let i = 0; i < 50; i += 1) {
    await clock.advance(sampler.intervalMs * every);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const notes = await sampler.stop();
  expect(notes[0]?.note).toMatch(/^failing: a sample of \d+ bytes, and 200 are allowed$/);
  expect(notes.at(-1)?.note).toBe("full: the run took longer than planned");
  expect(asked).toBe(21);
  const bytes = statSync(sampler.files.get("wordy") ?? "").size;
  expect(bytes).toBeLessThanOrEqual(fileBytesMax(wordy));
});

test("readSeries() thins to its bound without losing extremes, sums or order", async () => {
  const file = join(folder, "host.ndjson");
  const lines = Array.from({ length: 1_000 }, (_, i) =>
    JSON.stringify({ at: i, source: "host", values: { n: i % 7 } }),
  );
  appendFileSync(file, `${lines.join("\n")}\n{"at":1000,"sou`);
  const { series, tornLines } = await readSeries(file, { pointsMax: 100 });
  const points = series.get("n") ?? [];
  expect(points.length).toBeLessThanOrEqual(100);
  expect(points.length).toBeGreaterThan(50);
  expect(points.reduce((sum, { samples }) => sum + samples, 0)).toBe(1_000);
  expect(points.reduce((sum, { samples, mean }) => sum + samples * mean, 0)).toBeCloseTo(
    lines.reduce((sum, _, i) => sum + (i % 7), 0),
  );
  expect([Math.min(...points.map(({ min }) => min)), Math.max(...points.map(({ max }) => max))]).toEqual([0, 6]);
  expect(points.at(-1)?.last).toBe(999 % 7);
  expect(points.map(({ from }) => from)).toEqual(points.map(({ from }) => from).toSorted((a, b) => a - b));
  expect(tornLines).toBe(1);
  const part = await readSeries(file, { from: 100, to: 200 });
  expect(part.series.get("n")?.reduce((sum, { samples }) => sum + samples, 0)).toBe(100);
  expect(readFileSync(file, "utf8")).toEndWith('"sou');
});
