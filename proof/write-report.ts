/** What a long run leaves in docs/reports, to be committed: how it was made, on what, how long it took, its words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../loadtest/machine.ts";

const REPORTS = join(import.meta.dir, "..", "docs", "reports");

export interface Report {
  /** The file's, without its ending. The one of the run before is replaced. */
  readonly name: string;
  /** Makes the same run again. */
  readonly command: string;
  readonly seeds: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly lines: readonly string[];
}

export function writeReport({ name, command, seeds, machine, seconds, lines }: Report): void {
  const { commit, date, cpu, cores, memory_gb, kernel, loadavg_at_start } = machine;
  const head = [
    `${command}, ${seeds}`,
    `commit ${commit}, begun ${date}, ${seconds.toFixed(0)} s`,
    `${cores} cores (${cpu}), ${memory_gb} GiB, Linux ${kernel}, load at the start ${loadavg_at_start.join(" ")}`,
    `Bun ${machine.bun}, mongod ${machine.mongod}, PostgreSQL ${machine.postgres}`,
  ];
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(join(REPORTS, `${name}.txt`), `${[...head, "", ...lines].join("\n")}\n`);
}
