// The repository's own files, as the checks see them: tracked or untracked, never ignored.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What .gitignore names, for a source archive without git. */
const IGNORED_WITHOUT_GIT = new Set([".git", "node_modules", "dist", ".godwit"]);

/** Lists files relative to `root`, with `/` between folders, sorted. */
export function listRepoFiles(root: string): readonly string[] {
  const git = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = git.status === 0 ? git.stdout.split("\0").filter((path) => path !== "") : walk(root, "");
  return [...new Set(files)].filter((path) => existsSync(join(root, path))).sort();
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (IGNORED_WITHOUT_GIT.has(entry.name) || entry.name.endsWith(".log")) return [];
    if (entry.isDirectory()) return walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}
