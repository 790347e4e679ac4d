import { expect, test } from "bun:test";
import { type Progress, ratesBetween, whatStoodStill } from "./progress.ts";

const BEFORE: Progress = {
  atMs: 0,
  waiting: { "syd1 inbox.bulk": 900, "fra1 inbox.bulk": 900, "syd1 submit.demo.bulk": 100 },
  submits: 10,
  receipts: 5,
  batches: 1,
};
const AFTER: Progress = {
  atMs: 10_000,
  waiting: { "syd1 inbox.bulk": 300, "fra1 inbox.bulk": 500, "syd1 submit.demo.bulk": 800 },
  submits: 310,
  receipts: 205,
  batches: 41,
};

test("rates are a second, and what is routed is what left the inboxes of all sets", () => {
  const rates = ratesBetween(BEFORE, AFTER);
  expect(rates).toEqual({ routed: 100, submitted: 30, receipts: 20, projected_batches: 4 });
  expect(whatStoodStill(rates, BEFORE)).toEqual([]);
});

const faults: Readonly<Record<string, Partial<Progress>>> = {
  routed: { waiting: BEFORE.waiting },
  submitted: { submits: BEFORE.submits },
  receipts: { receipts: BEFORE.receipts },
  projected_batches: { batches: BEFORE.batches },
};
for (const [name, fault] of Object.entries(faults)) {
  test(`turns red when nothing is ${name}`, () => {
    const rates = ratesBetween(BEFORE, { ...AFTER, ...fault });
    expect(whatStoodStill(rates, BEFORE)).toEqual([expect.stringContaining(`${name} stood still`)]);
  });
}

test("an inbox that was empty at the start need not fall", () => {
  const before = { ...BEFORE, waiting: { "syd1 submit.demo.bulk": 100 } };
  const rates = ratesBetween(before, { ...AFTER, waiting: before.waiting });
  expect(whatStoodStill(rates, before)).toEqual([]);
});
