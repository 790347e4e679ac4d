import { describe, expect, test } from "bun:test";
import type { StepResult } from "../check.ts";
import type { GroupResult } from "./run-group.ts";
import { countAll, describeCounts, describeSlowest, outputOfFailed } from "./summary.ts";

const step = (verdict: StepResult["verdict"]): StepResult => ({ name: "tsc", verdict, ms: 1 });

function group(passed: number, failed: number, skipped: number, times: readonly number[] = []): GroupResult {
  const cases = times.map((ms) => ({ file: "a.test.ts", name: `${ms}`, outcome: "passed" as const, ms, message: "" }));
  return {
    group: { name: "unit", kind: "unit", files: ["a.test.ts"], timeoutMs: 1, testTimeoutMs: 1 },
    verdict: { passed, failed, skipped, cases, faults: [] },
    output: "",
    ms: 1,
  };
}

describe("the last line", () => {
  test("counts tests, the gate's steps and faults", () => {
    const steps = [step({ kind: "passed" }), step({ kind: "failed", output: "" })];
    expect(describeCounts(countAll(steps, [group(5, 1, 0), group(2, 0, 0)], ["broke off"]))).toBe("8 passed, 3 failed");
  });

  test("names skipped tests only when there are any", () => {
    const steps = [step({ kind: "skipped", reason: "not yet" })];
    expect(describeCounts(countAll(steps, [group(1, 0, 2)], []))).toBe("1 passed, 0 failed, 3 skipped");
  });
});

describe("describeSlowest()", () => {
  test("names five, slowest first, over all groups", () => {
    const text = describeSlowest([group(0, 0, 0, [10, 20, 30]), group(0, 0, 0, [25, 5, 40, 1])]);
    expect([...text.matchAll(/a\.test\.ts: (\d+)/g)].map((match) => match[1])).toEqual(["40", "30", "25", "20", "10"]);
  });
});

describe("outputOfFailed()", () => {
  test("leaves out the files in which nothing failed", () => {
    const good = "core/a.test.ts:\n(pass) a\n\n";
    const bad = "core/b.test.ts:\nclue\n(fail) b\n\n";
    expect(outputOfFailed(`bun test\n\n${good}${bad}${good}`)).toBe(bad.trimEnd());
  });

  test("shows everything when it cannot tell", () => {
    expect(outputOfFailed("Segmentation fault\n")).toBe("Segmentation fault");
  });
});
