// Planted test files, run by the real runners in a folder of their own: nothing that went wrong may count as passed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChildren } from "../children.ts";
import type { TestGroup, TestKind } from "./plan.ts";
import { type GroupResult, runGroup } from "./run-group.ts";
import { describeFailures, describeGroup } from "./summary.ts";

const IMPORT = 'import { beforeAll, expect, test } from "bun:test";\n';
const FILES: Readonly<Record<string, string>> = {
  "core/good.test.ts": `${IMPORT}test("holds", () => { expect(process.env.SHARED).toBe("yes"); });`,
  "core/good.test.ts.bak": "",
  "core/bad.test.ts": `${IMPORT}test("breaks", () => { console.log("a clue"); expect(1).toBe(2); });`,
  "core/empty.test.ts": "export const nothing = 1;",
  "core/lost.test.ts": `${IMPORT}import "./gone.ts";\ntest("x", () => {});`,
  "core/crash.test.ts": `${IMPORT}test("x", () => { process.kill(process.pid, "SIGSEGV"); });`,
  "core/leave.test.ts": `${IMPORT}test("x", () => { process.exit(0); });`,
  "core/hang.test.ts": `${IMPORT}test("x", async () => { await new Promise(() => {}); }, 60_000);`,
  "core/late.test.ts": `${IMPORT}test("x", () => {}); test("y", async () => {
    setTimeout(() => { throw new Error("late"); }, 1); await new Promise((done) => setTimeout(done, 50)); });`,
  "core/hook.test.ts": `${IMPORT}beforeAll(() => { throw new Error("hook"); }); test("x", () => {});`,
  "edge/good_test.ts": 'Deno.test("holds", () => { Deno.env.get("SHARED"); });',
  "edge/bad_test.ts": 'Deno.test("breaks", () => { throw new Error("a clue"); });',
  "edge/greedy_test.ts": 'Deno.test("writes", () => { Deno.writeTextFileSync("x", "x"); });',
  "edge/lost_test.ts": 'import "./gone.ts"; Deno.test("x", () => {});',
  "deno.json": JSON.stringify({ tasks: { "test:edge": "deno test --allow-env --allow-read edge/" } }),
  "package.json": "{}",
};

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "godwit-planted-"));
  for (const folder of ["core", "edge"]) mkdirSync(join(root, folder));
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(root, path), text);
  symlinkSync(join(import.meta.dir, "..", "..", "node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(kind: TestKind, files: readonly string[], timeoutMs = 60_000): Promise<GroupResult> {
  const group: TestGroup = { name: kind, kind, files, timeoutMs, testTimeoutMs: 5_000 };
  return runGroup(group, { root, children: createChildren(500), env: { SHARED: "yes" } });
}

const counts = ({ verdict }: GroupResult): readonly number[] => [verdict.passed, verdict.failed, verdict.skipped];

describe("runGroup() with Bun", () => {
  test("counts what passed, and gives the tests the servers' environment", async () => {
    const result = await run("unit", ["core/good.test.ts"]);
    expect(counts(result)).toEqual([1, 0, 0]);
    expect(result.verdict.cases[0]).toMatchObject({ file: "core/good.test.ts", name: "holds" });
    expect(describeGroup(result)).toMatch(/^ {2}ok {4}unit +\d+\.\d+ s {2}1 file, 1 tests\n$/);
    expect(describeFailures(result)).toBe("");
  });

  test("shows a failure with its name and its output, and not that of other files", async () => {
    const result = await run("unit", ["core/good.test.ts", "core/bad.test.ts"]);
    expect(counts(result)).toEqual([1, 1, 0]);
    const shown = describeFailures(result);
    expect(shown).toContain("core/bad.test.ts: breaks");
    expect(shown).toContain("a clue");
    expect(shown).toContain("Expected: 2");
    expect(shown).not.toContain("good.test.ts");
  });

  const faults: readonly (readonly [name: string, file: string, fault: string])[] = [
    ["a file without a test", "core/empty.test.ts", "executed no test"],
    ["a file that cannot be loaded", "core/lost.test.ts", "executed no test"],
    ["a runner that dies", "core/crash.test.ts", "died of SIG"],
    ["a test that ends the runner with success", "core/leave.test.ts", "left no readable report"],
  ];
  for (const [name, file, fault] of faults) {
    test(`${name} is a failure`, async () => {
      const result = await run("unit", ["core/good.test.ts", file]);
      expect(result.verdict.failed).toBe(1);
      expect(describeFailures(result)).toContain(fault);
    });
  }

  for (const file of ["core/late.test.ts", "core/hook.test.ts"]) {
    test(`what breaks outside a test is a failure (${file})`, async () => {
      expect((await run("unit", [file])).verdict.failed).toBeGreaterThan(0);
    });
  }

  test("a group that hangs is killed after its time-out and is a failure", async () => {
    const result = await run("unit", ["core/hang.test.ts"], 1_000);
    expect(counts(result)).toEqual([0, 1, 0]);
    expect(describeFailures(result)).toContain("The runner of 'unit' was killed after its time-out of 1 s");
  });
});

describe("runGroup() with Deno", () => {
  test("counts what passed", async () => {
    expect(counts(await run("edge-deno", ["edge/good_test.ts"]))).toEqual([1, 0, 0]);
  });

  test("shows a failure", async () => {
    const result = await run("edge-deno", ["edge/good_test.ts", "edge/bad_test.ts"]);
    expect(counts(result)).toEqual([1, 1, 0]);
    expect(describeFailures(result)).toContain("a clue");
  });

  test("gives no permission that deno.json does not name", async () => {
    const result = await run("edge-deno", ["edge/greedy_test.ts"]);
    expect(describeFailures(result)).toContain("--allow-write");
  });

  test("a file that cannot be loaded is a failure", async () => {
    const result = await run("edge-deno", ["edge/good_test.ts", "edge/lost_test.ts"]);
    expect(result.verdict.failed).toBeGreaterThan(0);
    expect(describeFailures(result)).toContain("gone.ts");
  });
});
