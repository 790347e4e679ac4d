import { expect, test } from "bun:test";
import { AnswerPace } from "./answer-pace.ts";

test("a link is slow once its answers are, and quick again well below that", () => {
  const pace = new AnswerPace(1_000);
  const said = (ms: number, times: number) => Array.from({ length: times }, () => pace.observe(ms)).filter(Boolean);
  expect(said(50, 100)).toEqual([]);
  // A few late ones are nobody's fault.
  expect(said(3_000, 3)).toEqual([]);
  expect(said(3_000, 30)).toEqual(["slow"]);
  expect(said(900, 100)).toEqual([]);
  expect(said(50, 100)).toEqual(["quick"]);
  expect(pace.meanMs).toBeLessThan(100);
});
