import { describe, expect, test } from "bun:test";
import { seededStream } from "#domain/seeded-random.ts";
import { type Delay, delaySchema, drawDelayMs, drawWeighted } from "./delay-distribution.ts";
import { fieldProblems } from "./problem.ts";

const DRAWS = 20_000;

/** Of many draws from one seed, sorted: the value at each of the quantiles. */
function quantiles(input: unknown, ...at: readonly number[]): readonly number[] {
  const delay = delaySchema.parse(input);
  const random = seededStream(7, "delays");
  const drawn = Array.from({ length: DRAWS }, () => drawDelayMs(delay, random)).sort((a, b) => a - b);
  return at.map((quantile) => drawn[Math.floor(quantile * (DRAWS - 1))] ?? Number.NaN);
}

/** Within a share of what it should be. */
function expectNear(values: readonly number[], wanted: readonly number[], share: number): void {
  for (const [i, value] of values.entries()) {
    const want = wanted[i] ?? Number.NaN;
    expect(Math.abs(value - want)).toBeLessThanOrEqual(want * share);
  }
}

describe("drawDelayMs()", () => {
  test("a fixed delay is itself, and draws nothing", () => {
    const random = seededStream(1, "delays");
    expect(drawDelayMs(120, random)).toBe(120);
    expect(random.fraction()).toBe(seededStream(1, "delays").fraction());
  });

  test("a uniform delay is spread evenly between its ends", () => {
    const [min = -1, low = 0, half = 0, max = 0] = quantiles(
      { kind: "uniform", fromMs: 50, toMs: 250 },
      0,
      0.25,
      0.5,
      1,
    );
    expect(min).toBeGreaterThanOrEqual(50);
    expect(max).toBeLessThanOrEqual(250);
    expectNear([low, half], [100, 150], 0.03);
  });

  test("normal and lognormal delays have their median and their p99, and are never below 0", () => {
    for (const kind of ["normal", "lognormal"] as const) {
      const drawn = quantiles({ kind, medianMs: 80, p99Ms: 900 }, 0.5, 0.99);
      expectNear(drawn, [80, 900], 0.12);
      expect(quantiles({ kind, medianMs: 10, p99Ms: 900 }, 0)[0]).toBeGreaterThanOrEqual(0);
    }
    expect(quantiles({ kind: "normal", medianMs: 80, p99Ms: 80 }, 0, 1)).toEqual([80, 80]);
  });

  test("a mixture draws each of its steps as often as its share says", () => {
    const late = { kind: "uniform", fromMs: 5_000, toMs: 6_000 };
    const steps = [
      { share: 9, delay: 20 },
      { share: 1, delay: late },
    ];
    const [most, p89, p91 = 0] = quantiles({ kind: "steps", steps }, 0.5, 0.88, 0.92);
    expect([most, p89]).toEqual([20, 20]);
    expect(p91).toBeGreaterThanOrEqual(5_000);
  });

  test("the same seed draws the same delays", () => {
    const delay: Delay = { kind: "lognormal", medianMs: 80, p99Ms: 900 };
    const draw = (): number[] => {
      const random = seededStream(42, "delays");
      return Array.from({ length: 10 }, () => drawDelayMs(delay, random));
    };
    expect(draw()).toEqual(draw());
  });
});

test("drawWeighted() gives the last where fractions round up, and throws on nothing", () => {
  const random = { bytes: (count: number) => new Uint8Array(count), fraction: () => 1 };
  expect(drawWeighted([{ share: 1 }, { share: 2 }], random)).toEqual({ share: 2 });
  expect(() => drawWeighted([], random)).toThrow("there is none");
});

test("delaySchema names what is wrong with a delay", () => {
  const problemOf = (input: unknown): string => {
    const parsed = delaySchema.safeParse(input);
    if (parsed.success) return "none";
    return fieldProblems(parsed.error)
      .map(({ field, problem }) => `${field}: ${problem}`)
      .join("; ");
  };
  expect(problemOf({ kind: "lognormal", medianMs: 80, p99Ms: 8 })).toBe("p99Ms: must not be below medianMs");
  expect(problemOf({ kind: "uniform", fromMs: 80, toMs: 8 })).toBe("toMs: must not be below fromMs");
  expect(problemOf({ kind: "lognormal", medianMs: 80 })).toStartWith("p99Ms: ");
  expect(problemOf({ kind: "gaussian" })).toContain("must be a number of milliseconds or one of");
  expect(problemOf("soon")).toContain("must be a number of milliseconds or one of");
  expect(problemOf({ kind: "steps", steps: [] })).toStartWith("steps: ");
});
