/** The recorder on stores in memory: every batch is written down once, and old ones again. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreError } from "#core/store/store.ts";
import { systemRandom } from "#domain/random.ts";
import { commitAll, openTestStore } from "../../reporting/testing/open-test-reports.ts";
import { deliveredLife, START, sampleId } from "../../reporting/testing/sample-events.ts";
import { createBatchRecorder } from "./batch-recorder.ts";
import type { EventSource } from "./event-source.ts";

const dir = mkdtempSync(join(tmpdir(), "godwit-recorder-test-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const clock = { now: () => START };
const life = (number: number) => deliveredLife(sampleId("syd1", number), START);

function linesOf(file: string): readonly { readonly sequence: number; readonly hash: string }[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("record() writes new batches once, and each time some old ones with the same hash", async () => {
  const file = join(dir, "batches.jsonl");
  await using store = openTestStore();
  const recorder = createBatchRecorder({ stores: [store], file, clock, random: systemRandom });
  await commitAll([store], [life(1), life(2)]);
  expect(await recorder.record()).toBe(2);
  await commitAll([store], [life(3)]);
  expect(await recorder.record()).toBeGreaterThan(1);
  const hashes = Map.groupBy(linesOf(file), ({ sequence }) => sequence);
  expect([...hashes.keys()].toSorted()).toEqual([1, 2, 3]);
  for (const lines of hashes.values()) expect(new Set(lines.map(({ hash }) => hash)).size).toBe(1);
  expect(new Set(linesOf(file).map(({ hash }) => hash)).size).toBe(3);
});

test("record() goes on without a set that is away, and throws what is no outage", async () => {
  const file = join(dir, "away.jsonl");
  await using store = openTestStore();
  await commitAll([store], [life(1)]);
  const failing = (error: Error): EventSource => ({
    set: store.set,
    depth: () => store.depth(),
    events: { read: () => Promise.reject(error), writers: () => Promise.reject(error) },
  });
  const away = failing(new StoreError("store_unreachable", "away", { retryable: true }));
  expect(await createBatchRecorder({ stores: [away, store], file, clock, random: systemRandom }).record()).toBe(1);
  const broken = failing(new StoreError("store_corrupt", "a gap", { retryable: false }));
  const recorder = createBatchRecorder({ stores: [broken], file, clock, random: systemRandom });
  expect(recorder.record()).rejects.toThrow("a gap");
});
