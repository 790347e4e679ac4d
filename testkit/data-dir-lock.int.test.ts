import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataInUseError, lockDataDir } from "./data-dir-lock.ts";
import { startTimeOf } from "./process-table.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "godwit-lock-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const plant = (owner: object | string): void =>
  writeFileSync(join(dir, "owner.lock"), typeof owner === "string" ? owner : JSON.stringify(owner));

test("lockDataDir() refuses a second owner, naming the first, until it is given back", () => {
  {
    using _ = lockDataDir(dir);
    expect(() => lockDataDir(dir)).toThrow(new DataInUseError(dir, process.pid));
    expect(() => lockDataDir(dir)).toThrow(`is in use by this process (pid ${process.pid}): stop that one first`);
  }
  expect(readdirSync(dir)).toEqual([]);
  using _ = lockDataDir(dir);
});

test("lockDataDir() refuses while the other process lives, and takes over once it is dead", async () => {
  const other = spawn("sleep", ["60"]);
  await once(other, "spawn");
  const pid = other.pid ?? 0;
  plant({ pid, startTime: startTimeOf(pid) });
  expect(() => lockDataDir(dir)).toThrow(`is in use by process ${pid}`);
  other.kill("SIGKILL");
  await once(other, "exit");
  using _ = lockDataDir(dir);
});

test("lockDataDir() is not fooled by a reused process id or a torn lock", () => {
  plant({ pid: process.pid, startTime: "another start" });
  {
    using _ = lockDataDir(dir);
  }
  plant("{");
  using _ = lockDataDir(dir);
});
