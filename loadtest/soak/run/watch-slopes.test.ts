import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchSlopes } from "./watch-slopes.ts";

const MEGABYTE = 1024 * 1024;
const SAMPLES = 60;
const EVERY_MS = 5_000;

/** Samples of five minutes, in which each figure goes evenly from the first to the last value. */
async function verdictsOf(source: "roles" | "host", figures: Readonly<Record<string, readonly [number, number]>>) {
  const folder = mkdtempSync(join(tmpdir(), "godwit-slopes-"));
  const file = join(folder, `${source}.ndjson`);
  const lines = Array.from({ length: SAMPLES }, (_, i) => {
    const values = Object.entries(figures).map(([name, [from, to]]) => [
      name,
      from + ((to - from) * i) / (SAMPLES - 1),
    ]);
    return JSON.stringify({ at: i * EVERY_MS, source, values: Object.fromEntries(values) });
  });
  writeFileSync(file, `${lines.join("\n")}\n`);
  const found = await watchSlopes(new Map([[source, file]]), { from: 0, to: SAMPLES * EVERY_MS });
  rmSync(folder, { recursive: true });
  return Object.fromEntries(found.map(({ what, slope, gates }) => [what, gates ? slope.verdict : "told"]));
}

test("a heap that grows is a leak; a role that fills what it keeps on purpose is given room for it", async () => {
  const heaps = {
    "worker.liveHeapBytes": [30 * MEGABYTE, 44 * MEGABYTE],
    "worker-2.liveHeapBytes": [30 * MEGABYTE, 37 * MEGABYTE],
    "connectors.liveHeapBytes": [30 * MEGABYTE, 58 * MEGABYTE],
    "connectors-2.liveHeapBytes": [30 * MEGABYTE, 90 * MEGABYTE],
  } as const;
  expect(await verdictsOf("roles", heaps)).toEqual({
    "worker live heap": "leak",
    "worker-2 live heap": "flat",
    "connectors live heap": "flat",
    "connectors-2 live heap": "leak",
  });
});

test("the descriptors of our processes are judged, those of other people's servers told", async () => {
  const grown = [100, 200] as const;
  const names = ["edge-2", "balancer", "mongod syd1/0", "postgres", "simulator", "k6"];
  expect(await verdictsOf("host", Object.fromEntries(names.map((name) => [`fds.${name}`, grown])))).toEqual({
    "edge-2 file descriptors": "leak",
    "balancer file descriptors": "leak",
    "mongod syd1/0 file descriptors": "told",
    "postgres file descriptors": "told",
    "simulator file descriptors": "told",
    "k6 file descriptors": "told",
  });
});
