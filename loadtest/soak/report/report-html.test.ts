import { expect, test } from "bun:test";
import fc from "fast-check";
import { renderReport } from "./report-html.ts";
import type { SoakReport } from "./soak-report.ts";
import { sampleReport } from "./testing/sample-report.ts";
import { SERIES_POINTS_MAX } from "./time-line.ts";

const NO_FIGURES = /NaN|Infinity|undefined|\[object|null/;

test("the page begins with the verdict: a symbol, a word and one sentence", () => {
  const text = textOf(renderReport(sampleReport).split("<header")[1] ?? "");
  expect(text).toContain(`▲ Regressed: ${sampleReport.record.verdict.because}`);
});

test("every gate, invariant, fault, slope and note is there, with what was found", () => {
  const text = textOf(renderReport(sampleReport));
  for (const { name } of sampleReport.gates) expect(text).toContain(name);
  for (const { invariant, name } of sampleReport.invariants) expect(text).toContain(`${invariant} ${name}`);
  for (const { name, evidence } of sampleReport.faults) {
    expect(text).toContain(name);
    expect(text).toContain(evidence);
  }
  for (const { what } of sampleReport.slopes) expect(text).toContain(what);
  for (const note of sampleReport.notes) expect(text).toContain(note);
  expect(text).toContain("1,204 877 903");
  expect(text).toContain("at most 1,049 ▲ regressed");
  expect(text).toContain("? did not happen");
});

test("the page loads nothing and runs nothing", () => {
  const page = renderReport(sampleReport);
  expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|@import| on\w+=/i);
  expect(page).not.toMatch(/url\((?!#)/);
});

test("every text is escaped, wherever it stands", () => {
  const evil = `"><script>alert('1')</script>&amp;\u0007\ud800`;
  const page = renderReport(everyText(sampleReport, evil));
  expect(page).not.toContain("<script");
  expect(page).not.toContain("alert('1')");
  expect(page).toContain("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\ufffd\ufffd");
  expect(page.isWellFormed()).toBe(true);
});

test("every drawing has a title and a description, every id is its own, every table has headers", () => {
  const page = renderReport(sampleReport);
  const drawings = page.split("<svg").slice(1);
  expect(drawings.length).toBe(sampleReport.gates.length + sampleReport.slopes.length + 2);
  for (const drawing of drawings)
    expect(drawing).toMatch(/^[^>]*aria-labelledby[^>]*><title id=[^>]+>[^<]+<\/title>\s*<desc/);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? "");
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, used] of page.matchAll(/aria-labelledby="([^"]+)"/g)) {
    for (const id of (used ?? "").split(" ")) expect(ids).toContain(id);
  }
  for (const table of page.split("<table").slice(1)) expect(table).toContain('<th scope="col"');
});

test("a figure that is no number is a dash, and the page is still made", () => {
  const figure = fc.oneof(
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e308, -1e308, 5e-324),
    fc.double(),
  );
  fc.assert(
    fc.property(fc.array(figure, { minLength: 1, maxLength: 40 }), fc.boolean(), (figures, timesToo) => {
      let next = 0;
      const other = (value: number): number =>
        value > EARLIEST && !timesToo ? value : (figures[next++ % figures.length] ?? 0);
      const page = renderReport(everyNumber(small, other));
      expect(page.replace(/<style>[\s\S]*<\/style>/, "")).not.toMatch(NO_FIGURES);
    }),
    { numRuns: 300 },
  );
});

test("a run that measured nothing and has no history says so", () => {
  const { yesterday: _, median: __, ...first } = gateOf(sampleReport);
  const page = renderReport({
    ...sampleReport,
    gates: [{ ...first, history: [], outcome: "no_baseline" }],
    invariants: [],
    phases: [],
    faults: [],
    series: [],
    slopes: [],
    notes: [],
  });
  const text = textOf(page);
  expect(text).toContain("611 – – – at least 580 ○ no baseline no earlier runs");
  for (const words of [
    "No invariant was checked.",
    "Nothing was measured over time.",
    "No fault was caused",
    "too short",
  ]) {
    expect(text).toContain(words);
  }
  expect(page.replace(/<style>[\s\S]*<\/style>/, "")).not.toMatch(NO_FIGURES);
});

test("a series without a point is named as not measured", () => {
  const page = renderReport({ ...sampleReport, series: [{ name: "p50", unit: "ms", points: [] }] });
  expect(page).toContain("p50 (not measured)");
  expect(page).toContain("p50 was not measured.");
});

test("a series of any length is drawn with a bounded number of points", () => {
  const start = sampleReport.record.startedAt;
  const points = Array.from({ length: 14_000 }, (_, i) => [start + i * 1_000, i === 7_777 ? 900 : i % 10] as const);
  const page = renderReport({ ...sampleReport, faults: [], series: [{ name: "p50", unit: "ms", points }] });
  const path = /class="line s0" d="([^"]+)"/.exec(page)?.[1] ?? "";
  const drawn = path.match(/[ML]/g)?.length ?? 0;
  expect(drawn).toBeGreaterThan(SERIES_POINTS_MAX / 2);
  expect(drawn).toBeLessThanOrEqual(SERIES_POINTS_MAX);
  expect(page).toContain("p50 0 to 900\u00a0ms.");
});

test("where nothing was measured for long the line is broken", () => {
  const start = sampleReport.record.startedAt;
  const at = [0, 5, 10, 15, 400, 405, 410].map((second) => [start + second * 1_000, 7] as const);
  const page = renderReport({ ...sampleReport, faults: [], series: [{ name: "p50", unit: "ms", points: at }] });
  expect(/class="line s0" d="([^"]+)"/.exec(page)?.[1]?.match(/M/g)).toHaveLength(2);
});

/** What is greater in the sample is a time; with times that are none there is nothing to draw. */
const EARLIEST = Date.UTC(2001, 0);

/** With series short enough for hundreds of pages. */
const small: SoakReport = {
  ...sampleReport,
  series: sampleReport.series.map((series) => ({ ...series, points: series.points.slice(0, 12) })),
};

function gateOf({ gates }: SoakReport): SoakReport["gates"][number] {
  const gate = gates[0];
  if (gate === undefined) throw new Error("The sample has no gate");
  return gate;
}

function textOf(page: string): string {
  const text = page.replace(/<style>[\s\S]*<\/style>/, "").replace(/<svg[\s\S]*?<\/svg>/g, " ");
  const entities: Readonly<Record<string, string>> = { "&#39;": "'", "&quot;": '"', "&lt;": "<", "&gt;": ">" };
  return text
    .replace(/<[^>]*>/g, " ")
    .replace(/&[#\w]+;/g, (entity) => entities[entity] ?? "&")
    .replace(/\s+/g, " ")
    .replace(/ :/g, ":");
}

/** What decides between cases of the code is not text. */
const WORDS = new Set(["outcome", "verdict"]);

function everyText(report: SoakReport, text: string): SoakReport {
  const json = JSON.stringify(report, (key, value) => (typeof value === "string" && !WORDS.has(key) ? text : value));
  const changed = JSON.parse(json) as SoakReport;
  return { ...changed, record: { ...changed.record, verdict: { name: "ok", because: text } } };
}

function everyNumber<T>(value: T, next: (value: number) => number): T {
  if (typeof value === "number") return next(value) as T;
  if (Array.isArray(value)) return value.map((part) => everyNumber(part, next)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, everyNumber(part, next)])) as T;
}
