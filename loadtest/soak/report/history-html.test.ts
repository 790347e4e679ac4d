import { expect, test } from "bun:test";
import { HISTORY_RUNS_MAX, renderHistory } from "./history-html.ts";
import { sampleHistory, sampleRecord } from "./testing/sample-report.ts";

test("the newest runs are shown, the newest first, and the others counted", () => {
  const page = renderHistory(sampleHistory(HISTORY_RUNS_MAX + 5));
  const begun = [...page.matchAll(/<th scope="row">(\d{4}-\d\d-\d\d \d\d:\d\d)<\/th>/g)].map(([, at]) => at ?? "");
  expect(begun).toHaveLength(HISTORY_RUNS_MAX);
  expect(begun[0]).toBe("2026-11-23 02:00");
  expect(begun).toEqual(begun.toSorted().reverse());
  expect(page).toContain("5 older ones are not shown.");
  expect(page).toContain(sampleRecord.verdict.because);
});

test("each machine has its own table and its own drawing a number", () => {
  const other = sampleHistory(3).map((record) => ({ ...record, fingerprint: "another <machine>" }));
  const page = renderHistory([...sampleHistory(4), ...other]);
  expect(page.match(/<h2>/g)).toHaveLength(2);
  expect(page.match(/<svg/g)).toHaveLength(2 * 9);
  expect(page).toContain("another &lt;machine&gt;");
  expect(page).toContain("3 earlier runs, from ");
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? "");
  expect(new Set(ids).size).toBe(ids.length);
});

test("the median is of the good runs alone", () => {
  const [first, second, last] = sampleHistory(3);
  if (first === undefined || second === undefined || last === undefined) throw new Error("The sample is too short");
  const bad = { ...second, numbers: { ...second.numbers, peakHeapMb: 4_321 }, verdict: last.verdict };
  const good = { ...first, numbers: { ...first.numbers, peakHeapMb: 80 } };
  const row = renderHistory([good, bad, last]).split("peak heap")[1]?.split("</tr>")[0];
  expect(row).toContain('<td class="figure strong">96.4</td><td class="figure">80</td>');
  expect(row).toContain("+20.5\u00a0%");
});

test("one run alone, none, and one of no numbers make a page", () => {
  expect(renderHistory([])).toContain("No run has been kept yet.");
  expect(renderHistory([sampleRecord])).toContain("no earlier runs");
  const numbers = { ...sampleRecord.numbers, failures: Number.NaN, ratePerSecond: Number.POSITIVE_INFINITY };
  const broken = { ...sampleRecord, numbers, startedAt: Number.NaN, durationMs: Number.POSITIVE_INFINITY };
  const page = renderHistory([broken, sampleRecord, broken]);
  expect(page.replace(/<style>[\s\S]*<\/style>/, "")).not.toMatch(/NaN|Infinity|undefined/);
});

test("the page loads nothing and runs nothing", () => {
  expect(renderHistory(sampleHistory(20))).not.toMatch(/<script|<link|<img|<iframe|https?:|@import|url\(| on\w+=/i);
});
