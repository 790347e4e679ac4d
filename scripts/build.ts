// `npm run build`: one executable a role into dist/, and the edge once more as plain source for Deno.
// With --strict a role whose entry point is missing is a failure; without, it is told and left out.

import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Children, createChildren, describeEnd } from "./children.ts";
import { readDenoPermissions } from "./deno-permissions.ts";
import { endOnSignals } from "./signals.ts";

const BUILD_TIMEOUT_MS = 300_000;
const BYTES_A_MIB = 1024 * 1024;

export type Role = { readonly name: string; readonly entry: string; readonly target: "executable" | "deno" };

/** What one can deploy. An entry point runs its process when it is the main module. */
const ROLES: readonly Role[] = [
  { name: "edge", entry: "edge/main.bun.ts", target: "executable" },
  { name: "edge-deno", entry: "edge/main.deno.ts", target: "deno" },
  { name: "smpp", entry: "edge/smpp/main.ts", target: "executable" },
  { name: "worker", entry: "core/worker/main.ts", target: "executable" },
  { name: "connectors", entry: "connectors/main.ts", target: "executable" },
  { name: "projector", entry: "reporting/projector/main.ts", target: "executable" },
  { name: "reports", entry: "reporting/server/main.ts", target: "executable" },
  { name: "simulator", entry: "connectors/simulator/main.ts", target: "executable" },
  { name: "godwit", entry: "cli/main.ts", target: "executable" },
];

/** An executable reads its environment and nothing that happens to lie where it is started. */
const EXECUTABLE_FLAGS = [
  "--compile",
  "--minify",
  "--sourcemap=none",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

export type BuildResult =
  | { readonly kind: "built"; readonly file: string; readonly bytes: number; readonly ms: number }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly output: string };

/** Builds a role of the repository at `root` into the folder `out`. */
export async function buildRole(role: Role, root: string, out: string, children: Children): Promise<BuildResult> {
  if (!existsSync(join(root, role.entry))) return { kind: "missing" };
  const file = role.target === "deno" ? join(out, role.name, "edge.js") : join(out, role.name);
  const flags = role.target === "deno" ? ["--target=node", "--format=esm"] : EXECUTABLE_FLAGS;
  const { end, output, ms } = await children.run({
    argv: [
      join(import.meta.dir, "..", "node_modules", ".bin", "bun"),
      "build",
      ...flags,
      `--outfile=${file}`,
      role.entry,
    ],
    cwd: root,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (end.kind !== "exited" || end.code !== 0) {
    return { kind: "failed", output: `${output}bun build ${describeEnd(end)}\n` };
  }
  if (role.target === "deno") writeDenoRunner(root, join(out, role.name));
  return { kind: "built", file, bytes: statSync(file).size, ms };
}

function writeDenoRunner(root: string, folder: string): void {
  const flags = readDenoPermissions(root, "edge").map((flag) => `  ${flag} \\\n`);
  const runner = join(folder, "run");
  writeFileSync(
    runner,
    `#!/bin/sh\n# The edge on Deno, with the permissions it needs and no other.\n` +
      `exec deno run --no-prompt --no-config --no-remote \\\n${flags.join("")}  "$(dirname "$0")/edge.js" "$@"\n`,
  );
  chmodSync(runner, 0o755);
}

function describeBuild(role: Role, result: BuildResult): string {
  const name = role.name.padEnd(12);
  switch (result.kind) {
    case "built":
      return `  ok    ${name} ${mebibytes(result.bytes)}  ${(result.ms / 1000).toFixed(1)} s\n`;
    case "missing":
      return `  skip  ${name} there is no ${role.entry} yet\n`;
    case "failed":
      return `  FAIL  ${name}\n${result.output}`;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / BYTES_A_MIB).toFixed(1).padStart(6)} MiB`;
}

async function main(strict: boolean): Promise<number> {
  const root = join(import.meta.dir, "..");
  const out = join(root, "dist");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const children = createChildren();
  using signals = endOnSignals(children);
  let failed = false;
  for (const role of ROLES) {
    const result = await buildRole(role, root, out, children);
    failed ||= result.kind === "failed" || (strict && result.kind === "missing");
    process.stdout.write(describeBuild(role, result));
  }
  return signals.exitCode() ?? (failed ? 1 : 0);
}

if (import.meta.main) process.exitCode = await main(process.argv.includes("--strict"));
