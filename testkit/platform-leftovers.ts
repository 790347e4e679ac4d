/** What a platform leaves behind when it is not open: processes that still drain, and its files. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readState, STATE_FILES } from "./platform-state.ts";
import { isAlive, runsWith } from "./process-table.ts";

/** The ids of those that are alive and have their folder on their command line, so that a reused id does not count. */
export function findLeftovers(dataDir: string): readonly number[] {
  const state = readState(dataDir);
  const members = Object.keys(state?.ports.members ?? {}).flatMap((set) => {
    const dir = join(dataDir, set);
    return foldersOf(dir).map((member) => ({ note: join(dir, member, "mongod.lock"), mark: join(dir, member) }));
  });
  const cluster = join(state?.postgresDataDir ?? join(dataDir, "postgres"), "cluster");
  const roles = join(dataDir, "roles");
  const noted = [
    ...members,
    { note: join(cluster, "postmaster.pid"), mark: cluster },
    ...foldersOf(roles)
      .filter((file) => file.endsWith(".pid"))
      .map((file) => ({ note: join(roles, file), mark: join(roles, file.slice(0, -".pid".length)) })),
  ];
  return noted
    .map(({ note, mark }) => ({ pid: pidIn(note), mark }))
    .flatMap(({ pid, mark }) => (pid > 0 && isAlive(pid) && runsWith(pid, mark) ? [pid] : []));
}

/** Removes what a platform has put into the folder; other people's files stay. */
export function removePlatformData(dataDir: string): void {
  const state = readState(dataDir);
  if (state?.postgresDataDir !== undefined) rmSync(state.postgresDataDir, { recursive: true, force: true });
  const ours = [...Object.keys(state?.ports.members ?? {}), "postgres", "roles", ...STATE_FILES];
  for (const name of ours) rmSync(join(dataDir, name), { recursive: true, force: true });
}

/** Both databases write their process id on the first line. */
function pidIn(note: string): number {
  try {
    return Number(readFileSync(note, "utf8").split("\n")[0]) || 0;
  } catch {
    return 0;
  }
}

function foldersOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
