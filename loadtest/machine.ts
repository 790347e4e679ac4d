/** What the figures were measured on, and what else was running: a figure without it cannot be compared. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { findTool } from "#testkit/tools.ts";

const ROOT = join(import.meta.dir, "..");
const GIGABYTE = 1024 ** 3;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly kernel: string;
  readonly bun: string;
  readonly deno: string;
  readonly node: string;
  readonly mongod: string;
  readonly postgres: string;
  /** Of the last minute, five and fifteen, before the bench started anything. */
  readonly loadavg_at_start: readonly number[];
  readonly date: string;
  /** With `+changes` when the working tree differs from it. */
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const load = loadavg().map((value) => Math.round(value * 100) / 100);
  const [mongod, postgres] = await Promise.all([findTool("mongod"), findTool("postgres")]);
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / GIGABYTE),
    kernel: release(),
    bun: Bun.version,
    deno: firstLineOf(join(ROOT, "node_modules", "deno", "deno"), ["--version"]).split(" ")[1] ?? "unknown",
    node: firstLineOf("node", ["--version"]),
    mongod: mongod.version,
    postgres: postgres.version,
    loadavg_at_start: load,
    date: new Date().toISOString(),
    commit: describeCommit(),
  };
}

function describeCommit(): string {
  const commit = firstLineOf("git", ["rev-parse", "--short", "HEAD"]);
  // A long run writes its reports one by one: the first would make the next one's commit another.
  const changes = firstLineOf("git", ["status", "--porcelain", "--", ".", ":!docs/reports", ":!docs/performance"]);
  return changes === "" ? commit : `${commit}+changes`;
}

/** "unknown" when the program is not there. */
function firstLineOf(command: string, args: readonly string[]): string {
  try {
    const output = execFileSync(command, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return output.split("\n")[0]?.trim() ?? "";
  } catch {
    return "unknown";
  }
}
