/**
 * Finds or installs the SMPP programs that nobody here wrote: Python's by pip and Java's by Maven into our cache
 * folder, Kannel and tshark by Debian's packages, when we are root and they are absent. Versions are pinned where we
 * install ourselves; a distribution's own are taken as they are.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cachedFolder } from "./cached-folder.ts";

const run = promisify(execFile);
const INSTALL_BOUND_MS = 8 * 60_000;

/** A peer is not on this machine and could not be had; the message says what to install. */
class PeerMissingError extends Error {
  override readonly name = "PeerMissingError";
  readonly code = "peer_missing";
  readonly retryable = false;
}

export interface FindPeerOptions {
  /** Default: `godwit` in the user's cache folder. */
  readonly cacheDir?: string;
  /** Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface PythonPeers {
  readonly python: string;
  /** For PYTHONPATH: holds smpp34, smpplib and gsm0338. */
  readonly modules: string;
}

/**
 * Needs pip. The modules lie in a folder and not in a virtual environment, which Debian's python3 alone cannot make.
 * Throws PeerMissingError, as all of these do.
 */
export async function findPythonPeers(options: FindPeerOptions = {}): Promise<PythonPeers> {
  const requirements = join(import.meta.dir, "requirements.txt");
  const python = "python3";
  try {
    const modules = await cachedFolder(cacheDirOf(options), nameOf("python-peers", requirements), async (folder) => {
      const how = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"];
      await run(python, ["-m", "pip", "install", ...how, "--target", folder, "-r", requirements], {
        timeout: INSTALL_BOUND_MS,
        ...envOf(options),
      });
    });
    return { python, modules };
  } catch (cause) {
    throw missing("The Python peers (smpp34, smpplib, gsm0338)", "python3 3.9 or newer with pip", cause);
  }
}

export interface JsmppPeer {
  readonly java: string;
  readonly classpath: string;
}

/** Needs a JDK 17 or newer, and Maven for the first time. */
export async function findJsmpp(options: FindPeerOptions = {}): Promise<JsmppPeer> {
  const pom = join(import.meta.dir, "jsmpp.pom.xml");
  try {
    await run("java", ["-version"], envOf(options));
    const jars = await cachedFolder(cacheDirOf(options), nameOf("jsmpp", pom), async (folder) => {
      const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${folder}`];
      await run("mvn", ["-q", "-B", "-f", pom, ...goal], { timeout: INSTALL_BOUND_MS, ...envOf(options) });
    });
    return { java: "java", classpath: join(jars, "*") };
  } catch (cause) {
    throw missing("jSMPP 3.0.1", "a JDK 17 or newer, and Maven", cause);
  }
}

export interface KannelPeer {
  readonly bearerbox: string;
  readonly smsbox: string;
}

export async function findKannel(options: FindPeerOptions = {}): Promise<KannelPeer> {
  const [bearerbox, smsbox] = await findPrograms("kannel", ["bearerbox", "smsbox"], options);
  return { bearerbox, smsbox };
}

export interface TsharkPeer {
  readonly tshark: string;
  readonly text2pcap: string;
}

export async function findTshark(options: FindPeerOptions = {}): Promise<TsharkPeer> {
  const [tshark, text2pcap] = await findPrograms("tshark", ["tshark", "text2pcap"], options);
  return { tshark, text2pcap };
}

async function findPrograms(
  debianPackage: string,
  names: readonly [string, string],
  options: FindPeerOptions,
): Promise<readonly [string, string]> {
  const find = (): readonly [string, string] | undefined => {
    const [first, second] = names.map((name) => whereIs(name, options));
    return first === undefined || second === undefined ? undefined : [first, second];
  };
  const there = find();
  if (there !== undefined) return there;
  const advice = `the programs ${names.join(" and ")} (Debian: apt-get install ${debianPackage})`;
  if (process.getuid?.() !== 0) throw missing(debianPackage, advice, new Error("only root may install it"));
  const env = { ...envOf(options).env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", ["update", "-qq"], { timeout: INSTALL_BOUND_MS, env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", debianPackage], {
      timeout: INSTALL_BOUND_MS,
      env,
    });
  } catch (cause) {
    throw missing(debianPackage, advice, cause);
  }
  const installed = find();
  if (installed === undefined) throw missing(debianPackage, advice, new Error("its package does not have them"));
  return installed;
}

function whereIs(name: string, options: FindPeerOptions): string | undefined {
  const folders = (envOf(options).env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian puts Kannel where only root's PATH looks. */
function envOf({ env }: FindPeerOptions): { readonly env: Record<string, string | undefined> } {
  return { env: env === undefined ? { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` } : { ...env } };
}

function cacheDirOf({ cacheDir, env = process.env }: FindPeerOptions): string {
  return cacheDir ?? join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "godwit");
}

/** Another pin or another kind of machine is another folder. */
function nameOf(peer: string, pins: string): string {
  const hash = createHash("sha256").update(readFileSync(pins)).update(`${process.platform}-${process.arch}`);
  return `${peer}-${hash.digest("hex").slice(0, 12)}`;
}

function missing(peer: string, advice: string, cause: unknown): PeerMissingError {
  const { stderr, message } = cause as { readonly stderr?: string; readonly message?: string };
  const said = stderr?.trim().split("\n").at(-1) || message || String(cause);
  return new PeerMissingError(`${peer} cannot be had: ${said}. This test needs ${advice}.`, { cause });
}
