import { expect, test } from "bun:test";
import { SUMMARY_LINES_MAX, summarize } from "./report-summary.ts";
import { sampleReport } from "./testing/sample-report.ts";

const FILES = ["runs/1/report.html", "runs/1/report.json"];

test("verdict first, files last, everything between in the lines of a small terminal", () => {
  const lines = summarize(sampleReport, FILES);
  expect(lines).toHaveLength(6 + sampleReport.gates.length);
  expect(lines.length).toBeLessThanOrEqual(SUMMARY_LINES_MAX);
  expect(lines[0]).toBe(`▲ Regressed: ${sampleReport.record.verdict.because}`);
  expect(lines.at(-1)).toBe("files       runs/1/report.html runs/1/report.json");
  const text = lines.join("\n");
  for (const { name } of sampleReport.gates) expect(text).toContain(name);
  expect(lines[5]).toBe("  ▲ end to end p99          1,204 ms        median 903 (+33.3 %)  at most 1,049  regressed");
  expect(text).toContain("6 checks: 5 hold, 0 broken, 1 unknown (I12 opt-out wins: 0)");
  expect(text).toContain("≈ lazy at worst: RSS of edge (Bun), +2.2 % to +4 % an hour, hours to its limit: 61");
  expect(text).toContain(`5 of 6 happened; not: link throttled; ${sampleReport.notes.length} notes in the report`);
});

test("of too many gates the regressed ones stay", () => {
  const [gate] = sampleReport.gates;
  if (gate === undefined) throw new Error("The sample has no gate");
  const many = Array.from({ length: 30 }, (_, i) => ({
    ...gate,
    name: `gate ${i}`,
    outcome: i === 29 ? ("regressed" as const) : ("ok" as const),
  }));
  const lines = summarize({ ...sampleReport, gates: many }, FILES);
  expect(lines).toHaveLength(SUMMARY_LINES_MAX);
  expect(lines.join("\n")).toContain("gate 29");
  expect(lines).toContain("  and 22 more, none of them regressed");
});

test("a run without anything still has a summary", () => {
  const nothing = { gates: [], invariants: [], faults: [], slopes: [], notes: [] };
  const lines = summarize({ ...sampleReport, ...nothing }, []);
  expect(lines.slice(2)).toEqual([
    "invariants  0 checks: 0 hold, 0 broken, 0 unknown",
    "slopes      none taken",
    "faults      none caused",
    "files       –",
  ]);
});

test("no text moves the cursor, takes another line or wraps", () => {
  const evil = `a\u001b[2J\nb\r\u2028c\ud800${"long ".repeat(100)}`;
  const record = { ...sampleReport.record, commit: evil, verdict: { name: "ok" as const, because: evil } };
  const lines = summarize({ ...sampleReport, record, command: evil }, FILES);
  expect(lines).toHaveLength(6 + sampleReport.gates.length);
  for (const line of lines) {
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(line.length).toBeLessThanOrEqual(120);
  }
});

test("figures that are no numbers are dashes", () => {
  const gates = sampleReport.gates.map((gate) => ({ ...gate, value: Number.NaN, median: Number.POSITIVE_INFINITY }));
  const slopes = sampleReport.slopes.map((slope) => ({ ...slope, hoursToLimit: Number.POSITIVE_INFINITY }));
  const text = summarize({ ...sampleReport, gates, slopes }, FILES).join("\n");
  expect(text).not.toMatch(/NaN|Infinity|undefined/);
  expect(text).toContain("hours to its limit: never");
});
