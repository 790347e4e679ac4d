// The limit on functions is a rule of Biome, so the planted fault is shown to Biome, with the repository's own
// settings.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("biome.json", () => {
  const body = (count: number): string => `export function f(): void {\n${"  f();\n".repeat(count)}}\n`;

  test("a function of 71 lines is refused, one of 70 and a long test are not", () => {
    const folder = mkdtempSync(join(tmpdir(), "godwit-biome-"));
    const root = join(import.meta.dir, "..", "..");
    try {
      copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
      copyFileSync(join(root, ".gitignore"), join(folder, ".gitignore"));
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      writeFileSync(join(folder, "long.ts"), body(71));
      writeFileSync(join(folder, "fits.ts"), body(70));
      writeFileSync(join(folder, "long.test.ts"), body(71));
      const biome = join(root, "node_modules", ".bin", "biome");
      const { stdout, stderr } = spawnSync(biome, ["lint", "--reporter=concise"], { cwd: folder, encoding: "utf8" });
      const complaints = `${stdout}${stderr}`
        .split("\n")
        .filter((line) => line.includes("noExcessiveLinesPerFunction"));
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain("long.ts");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
