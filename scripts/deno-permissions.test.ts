import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDenoPermissions } from "./deno-permissions.ts";

const ROOT = join(import.meta.dir, "..");

describe("readDenoPermissions()", () => {
  test("reads the edge's own; its tests have the same kinds of them, and no wider ones", () => {
    const edge = readDenoPermissions(ROOT, "edge");
    expect(edge).toContain("--allow-net");
    const tests = readDenoPermissions(ROOT, "test:edge");
    const kindOf = (permission: string): string => permission.split("=")[0] ?? "";
    expect(tests.map(kindOf)).toEqual(edge.map(kindOf));
    expect(tests.filter((permission) => !edge.some((own) => permission.startsWith(own)))).toEqual([]);
  });

  test("refuses a task that is missing, names none, or allows everything", () => {
    const folder = mkdtempSync(join(tmpdir(), "godwit-deno-"));
    const tasks = { none: "deno run a.ts", all: "deno run --allow-all a.ts", short: "deno run -A a.ts" };
    writeFileSync(join(folder, "deno.json"), JSON.stringify({ tasks }));
    for (const task of ["gone", ...Object.keys(tasks)]) expect(() => readDenoPermissions(folder, task)).toThrow(task);
    rmSync(folder, { recursive: true });
  });
});
