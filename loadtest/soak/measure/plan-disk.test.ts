import { expect, test } from "bun:test";
import { judgeDisk } from "./plan-disk.ts";
import { describeDepth } from "./sample-lanes.ts";
import { spanOf } from "./time-windows.ts";

const GIGABYTE = 1024 ** 3;
const needs = {
  durationMs: 4 * 3_600_000,
  offeredPerSecond: 100,
  sets: 2,
  sources: [{ bytesMax: 10_000, every: 1 }],
};

test("a run is refused where its data would not fit, and the sentence names both sizes and the way out", () => {
  const plan = judgeDisk(needs, 5 * GIGABYTE, "/data");
  expect(plan.type).toBe("too_little");
  expect(plan.message).toStartWith("Cannot start as /data has 5.0 GB free, and 1440000 messages in 240 min may take ");
  expect(plan.message).toInclude("a shorter run or a lower rate");
  expect(judgeDisk(needs, plan.neededBytes, "/data").type).toBe("enough");
  expect(judgeDisk(needs, plan.neededBytes - 1, "/data").type).toBe("too_little");
});

test("more messages, sets or samples need more", () => {
  const needed = (more: Partial<typeof needs>): number => judgeDisk({ ...needs, ...more }, 0, "/data").neededBytes;
  expect(needed({ offeredPerSecond: 200 })).toBeGreaterThan(needed({}));
  expect(needed({ sets: 3 })).toBeGreaterThan(needed({}));
  expect(needed({ sources: [...needs.sources, { bytesMax: 10_000, every: 6 }] })).toBeGreaterThan(needed({}));
});

test("describeDepth() adds up a set and keeps the number of its figures, however many customers have lanes", () => {
  const depth = new Map(
    Array.from({ length: 500 }, (_, i) => [`${i < 250 ? "deliver" : "submit"}.a${i}`, depthOf(1, i)] as const),
  );
  const values = describeDepth("syd1", depth);
  expect(values).toMatchObject({ "syd1.items": 500, "syd1.oldestMs": 499, "syd1.deliver.items": 250 });
  expect(values["syd1.others.items"]).toBeGreaterThan(200);
  expect(Object.keys(values).length).toBeLessThan(80);
  expect(describeDepth("syd1", new Map())).toEqual({ "syd1.items": 0, "syd1.oldestMs": 0 });
});

test("time windows may neither be empty, overlap nor be missing", () => {
  const [first, second] = [
    { from: 0, to: 10 },
    { from: 30, to: 40 },
  ];
  expect(spanOf([second, first])).toEqual({ from: 0, to: 40, totalMs: 20 });
  expect(() => spanOf([])).toThrow(RangeError);
  expect(() => spanOf([{ from: 5, to: 5 }])).toThrow("empty");
  expect(() => spanOf([first, { from: 9, to: 12 }])).toThrow("overlap");
});

function depthOf(items: number, oldestMs: number) {
  return { chunks: 1, items, oldestMs };
}
