import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PinnedLoadsError, pinLoad, readPinnedLoad } from "./pinned-loads.ts";

const load = {
  messagesPerSecond: 120,
  kneePerSecond: 200,
  isHigher: false,
  foundAt: "2026-11-23T10:00:00.000Z",
  commit: "abc",
};

test("a machine's load is kept beside those of others; a broken file is said to be one", () => {
  const dir = mkdtempSync(join(tmpdir(), "godwit-loads-"));
  const file = join(dir, "performance", "loads.json");
  expect(readPinnedLoad(file, "one")).toBeUndefined();
  pinLoad(file, "one", load);
  pinLoad(file, "two", { ...load, messagesPerSecond: 60 });
  expect([readPinnedLoad(file, "one"), readPinnedLoad(file, "two")?.messagesPerSecond]).toEqual([load, 60]);
  writeFileSync(file, '{"one": 5}');
  expect(() => readPinnedLoad(file, "one")).toThrow(PinnedLoadsError);
  rmSync(dir, { recursive: true });
});
