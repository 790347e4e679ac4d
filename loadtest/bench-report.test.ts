import { expect, test } from "bun:test";
import { renderJson, renderTable, roundFigure } from "./bench-report.ts";

const FIGURES = { accepted_per_s: 12_345.678, cpu_s_per_1000_by_process: { edge: 0.123456, worker: 2 }, edge: "deno" };

test("renderTable() aligns, groups and explains", () => {
  expect(renderTable(FIGURES, { accepted_per_s: "202s" })).toBe(
    "accepted_per_s             12,346  202s\n" +
      "cpu_s_per_1000_by_process\n" +
      "  edge                      0.123\n" +
      "  worker                        2\n" +
      "edge                         deno\n",
  );
});

test("renderJson() is one line of plain numbers", () => {
  expect(JSON.parse(renderJson("gateway", FIGURES, { cores: 2 }))).toEqual({
    bench: "gateway",
    figures: { accepted_per_s: 12_346, cpu_s_per_1000_by_process: { edge: 0.123, worker: 2 }, edge: "deno" },
    machine: { cores: 2 },
  });
});

test("roundFigure() keeps three digits, and whole numbers whole", () => {
  expect([123_456, 1234.5, 99.95, 0.012345, -0.5, 0].map(roundFigure)).toEqual([123_456, 1235, 100, 0.0123, -0.5, 0]);
});
