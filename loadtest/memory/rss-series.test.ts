import { expect, test } from "bun:test";
import { GROWTH_MAX, memoryOf, type RssSample, SLOPE_MB_PER_MIN_MAX, whyNotFlat } from "./rss-series.ts";

const SPANS = {
  warm: { from: 0, to: 60_000 },
  backlog: { from: 60_000, to: 90_000 },
  work: { from: 60_000, to: 180_000 },
  end: { from: 150_000, to: 180_000 },
};

/** A sample each 2 s for three minutes; collections make it go up and down. */
function series(megabytesAt: (seconds: number) => number): readonly RssSample[] {
  return Array.from({ length: 91 }, (_, i) => {
    const sawtooth = (i % 5) * 3;
    return { atMs: i * 2_000, megabytes: { worker: megabytesAt(i * 2) + sawtooth } };
  });
}

test("a heap that goes up and down is flat, and so is one that grew into its work before", () => {
  const still = memoryOf(
    series(() => 170),
    "worker",
    SPANS,
  );
  expect(still).toMatchObject({ warm: 176, backlog: 176, end: 176 });
  expect(Math.abs(still.slopePerMin)).toBeLessThan(1);
  expect(whyNotFlat("worker", still)).toBeUndefined();
  const grown = memoryOf(
    series((s) => (s < 62 ? 120 : 200)),
    "worker",
    SPANS,
  );
  expect(whyNotFlat("worker", grown)).toBeUndefined();
});

test("a leak of a message in twenty is seen by its slope, one of all by what it holds in the end", () => {
  const slow = memoryOf(
    series((s) => 170 + Math.max(0, s - 60) * ((SLOPE_MB_PER_MIN_MAX * 1.2) / 60)),
    "worker",
    SPANS,
  );
  expect(whyNotFlat("worker", slow)).toContain("a minute");
  const leap = memoryOf(
    series((s) => (s < 62 ? 170 : 170 * GROWTH_MAX.factor + GROWTH_MAX.megabytes + 20)),
    "worker",
    SPANS,
  );
  expect(whyNotFlat("worker", leap)).toContain("before the backlog");
});

test("a part that was never seen is not called flat", () => {
  const memory = memoryOf(
    series(() => 170),
    "edge",
    SPANS,
  );
  expect(whyNotFlat("edge", memory)).toBeDefined();
});

test("a part that died is not called flat, nor is one that was started again", () => {
  const died = memoryOf(series((s) => (s < 100 ? 170 : Number.NEGATIVE_INFINITY)).map(orNothing), "worker", SPANS);
  expect(whyNotFlat("worker", died)).toContain("was not there");
  const restarted = memoryOf(
    series((s) => (s < 100 || s > 104 ? 170 : Number.NEGATIVE_INFINITY)).map(orNothing),
    "worker",
    SPANS,
  );
  expect(whyNotFlat("worker", restarted)).toContain("was not there");
});

/** A process that is gone is sampled as 0 MB. */
function orNothing({ atMs, megabytes }: RssSample): RssSample {
  return { atMs, megabytes: { worker: Math.max(0, megabytes.worker ?? 0) } };
}
