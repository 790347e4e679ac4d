/** Bytes on disk of each part of a run, and what is left of the disk. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { SampleSource } from "./sample-source.ts";

const BYTES_MAX = 2_048;
/** A look walks some thousand files: not at every sample. */
const EVERY = 6;
/** A folder with more is not ours to walk. */
const FILES_MAX = 100_000;
const BLOCK_BYTES = 512;

/** Folders by name. Figures: `bytes.NAME` and `files.NAME`, and `free`: bytes that we may still write to the first. */
export function createDiskSource(folders: ReadonlyMap<string, string>): SampleSource {
  return {
    name: "disk",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const values: Record<string, number> = {};
      for (const [name, folder] of folders) {
        const used = await measureFolder(folder);
        values[`bytes.${name}`] = used.bytes;
        values[`files.${name}`] = used.files;
      }
      const [first] = folders.values();
      if (first !== undefined) values.free = await freeBytes(first);
      return values;
    },
  };
}

/** What an account without privileges may still write there. Throws what the file system says. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** By the blocks that its files occupy. Files come and go meanwhile; throws where there are more than FILES_MAX. */
async function measureFolder(folder: string): Promise<{ readonly bytes: number; readonly files: number }> {
  let [bytes, files] = [0, 0];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile()) continue;
      const found = await stat(path).catch(() => undefined);
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES;
      files += 1;
      if (files > FILES_MAX) throw new Error(`Cannot measure ${folder} as it holds more than ${FILES_MAX} files`);
    }
  }
  return { bytes, files };
}
