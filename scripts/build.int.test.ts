// A role of two lines, built and started: what the executables promise, without a server.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildResult, buildRole, type Role } from "./build.ts";
import { createChildren } from "./children.ts";

const DENO = join(import.meta.dir, "..", "node_modules", ".bin", "deno");

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "godwit-build-"));
  mkdirSync(join(root, "part"));
  writeFileSync(join(root, "part", "word.ts"), 'export const word: string = "built";');
  writeFileSync(
    join(root, "part", "main.ts"),
    'import { word } from "./word.ts";\nif (import.meta.main) console.log(word, process.env.PLANTED ?? "clean");',
  );
  writeFileSync(join(root, "part", "broken.ts"), 'import "./gone.ts";');
  writeFileSync(
    join(root, "part", "main.deno.ts"),
    'import { word } from "./word.ts";\ndeclare const Deno: any;\n' +
      'const state = await Deno.permissions.query({ name: "write" });\n' +
      "if (import.meta.main) console.log(word, Deno.env.get('GREETING'), state.state, Deno.args.join());",
  );
  writeFileSync(join(root, "deno.json"), '{ "tasks": { "edge": "deno run --allow-env part/main.deno.ts" } }');
  writeFileSync(join(root, ".env"), "PLANTED=from-dotenv");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function build(entry: string, target: Role["target"] = "executable"): Promise<BuildResult> {
  return buildRole({ name: "role", entry, target }, root, join(root, "dist"), createChildren());
}

describe("buildRole()", () => {
  test("makes one file that runs and reads no .env where it is started", async () => {
    const result = await build("part/main.ts");
    expect(result.kind).toBe("built");
    if (result.kind !== "built") return;
    expect(result.bytes).toBeGreaterThan(1_000_000);
    const run = spawnSync(result.file, { cwd: root, encoding: "utf8" });
    expect(run.stdout).toBe("built clean\n");
    rmSync(result.file);
  });

  test("makes a Deno program with a runner that names the permissions of deno.json", async () => {
    expect((await build("part/main.deno.ts", "deno")).kind).toBe("built");
    const runner = join(root, "dist", "role", "run");
    expect(readFileSync(runner, "utf8")).toContain("--allow-env \\\n");
    const env = { ...process.env, PATH: `${join(DENO, "..")}:${process.env.PATH}`, GREETING: "hello" };
    const run = spawnSync(runner, ["x", "y"], { cwd: tmpdir(), encoding: "utf8", env });
    expect(run.stdout).toBe("built hello prompt x,y\n");
  });

  test("tells a missing entry point from one that does not build", async () => {
    expect(await build("part/gone.ts")).toEqual({ kind: "missing" });
    const broken = await build("part/broken.ts");
    expect(broken.kind).toBe("failed");
    expect(broken.kind === "failed" && broken.output).toContain("gone.ts");
    expect(existsSync(join(root, "dist", "broken"))).toBe(false);
  });
});
