import { expect, test } from "bun:test";
import { createMetrics } from "#core/metrics/metrics.ts";
import { bucketsOf, parseExposition, percentileOfBuckets } from "./parse-exposition.ts";
import { keepSamples } from "./sample-roles.ts";

test("parseExposition() reads what core/metrics writes", () => {
  const metrics = createMetrics();
  metrics.counter("a_total", "Help {x} 1").add(3, { set: "syd1", class: "bulk" });
  metrics.gauge("b", "Help", () => [{ labels: {}, value: 0.5 }]);
  expect(parseExposition(metrics.text())).toEqual([
    { name: "a_total", labels: { set: "syd1", class: "bulk" }, value: 3 },
    { name: "b", labels: {}, value: 0.5 },
  ]);
});

test("a percentile of buckets is of what came between two looks, also over a restart", () => {
  const metrics = createMetrics();
  const delay = metrics.histogram("delay", "Help", [0.001, 0.01, 0.1]);
  const look = () => bucketsOf(parseExposition(metrics.text()), "delay");
  for (let i = 0; i < 100; i += 1) delay.observe(0.05);
  const before = look();
  for (let i = 0; i < 99; i += 1) delay.observe(0.0005);
  delay.observe(5);
  expect(percentileOfBuckets(before, look(), 50)).toBe(0.001);
  expect(percentileOfBuckets(before, look(), 99)).toBe(0.001);
  expect(percentileOfBuckets(before, look(), 100)).toBe(Number.POSITIVE_INFINITY);
  expect(percentileOfBuckets([], look(), 50)).toBe(0.1);
  expect(percentileOfBuckets(look(), before, 50)).toBe(0.1); // started again: all 100 are new
  expect(percentileOfBuckets(before, before, 99)).toBe(0);
});

test("keepSamples() names a figure by its role, metric and labels, and leaves the rest", () => {
  const text = [
    'godwit_worker_items_total{stage="route",outcome="done"} 12',
    "godwit_heap_live_bytes 2048",
    'godwit_settle_seconds_bucket{le="0.5"} 9',
    "something_else 1",
  ].join("\n");
  expect(keepSamples("worker", parseExposition(text))).toEqual({
    "worker.items.route.done": 12,
    "worker.liveHeapBytes": 2_048,
  });
});
