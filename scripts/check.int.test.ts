// The gate's own steps on a small repository with one planted fault a step: each step goes red, and only that one.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runGate } from "./check.ts";
import { createChildren } from "./children.ts";

const ROOT = join(import.meta.dir, "..");
const SETTINGS = ["biome.json", "tsconfig.json", "deno.json", ".gitignore"];
const FOUNDATION: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "planted", type: "module" }, undefined, 2).concat("\n"),
  "knip.json": '{ "entry": ["edge/main.*.ts", "edge/**/*_test.ts"], "project": ["**/*.ts"] }\n',
  "edge/main.bun.ts": 'import { word } from "./word.ts";\n\nexport const words: readonly string[] = [word];\n',
  "edge/main.deno.ts": 'import { word } from "./word.ts";\n\nexport const pid: string = `${word} ${Deno.pid}`;\n',
  "edge/word.ts": 'export const word = "word";\n',
};

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "godwit-gate-"));
  mkdirSync(join(root, "edge"));
  for (const name of SETTINGS) cpSync(join(ROOT, name), join(root, name));
  for (const [path, text] of Object.entries(FOUNDATION)) writeFileSync(join(root, path), text);
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the gate with one more file and answers `step: verdict` of what did not pass. */
async function closedBy(path: string, text: string): Promise<readonly string[]> {
  writeFileSync(join(root, path), text);
  try {
    const told: string[] = [];
    const results = await runGate(root, createChildren(), ({ name }) => void told.push(name));
    expect(told.sort()).toEqual(results.map(({ name }) => name).sort());
    return results
      .filter(({ verdict }) => verdict.kind !== "passed")
      .map(({ name, verdict }) => `${name}: ${verdict.kind}`);
  } finally {
    if (FOUNDATION[path] === undefined) rmSync(join(root, path));
    else writeFileSync(join(root, path), FOUNDATION[path]);
  }
}

describe("runGate()", () => {
  const faults: readonly (readonly [step: string, path: string, text: string])[] = [
    ["biome", "edge/word.ts", "export const word = 'word'\n"],
    [
      "tsc",
      "edge/main.bun.ts",
      'import { word } from "./word.ts";\n\nexport const words: readonly number[] = [word];\n',
    ],
    ["deno check", "edge/app_test.ts", "export const pid: string = Deno.pid;\n"],
    ["unused code", "edge/left.ts", "export const left = 1;\n"],
    ["tidy", "edge/word.ts", 'export const word = "word";\nexport const at = Date.now;\n'],
  ];
  for (const [step, path, text] of faults) {
    test(`${step} goes red on a fault planted in ${path}`, async () => {
      expect(await closedBy(path, text)).toContain(`${step}: failed`);
    });
  }

  test("is open when there is no fault", async () => {
    expect(await closedBy("LICENSE", "free\n")).toEqual([]);
  });

  test("is closed when a step is interrupted", async () => {
    const children = createChildren();
    children.interrupt();
    const results = await runGate(root, children, () => {});
    expect(results.filter(({ verdict }) => verdict.kind === "failed").map(({ name }) => name)).toEqual([
      "unused code",
      "deno check",
      "tsc",
      "biome",
    ]);
  });
});
