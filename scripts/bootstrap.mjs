#!/usr/bin/env node
// Runs a TypeScript file of this repository with the repository's own Bun: `node scripts/bootstrap.mjs <script.ts>
// [args…]`. The only file that runs on a bare machine with Node, so it imports nothing that npm has to fetch. It
// installs the dependencies when package-lock.json has changed since the last install, and does nothing else when it
// has not. It must never print to stdout: that belongs to the script.

import { spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MIN_NODE_MAJOR = 20;
/** An install that takes longer than this is taken for dead, even if some process has its pid. */
const INSTALL_LOCK_MAX_MS = 15 * 60_000;
const INSTALL_LOCK_POLL_MS = 200;
/** npm forwards the terminal's Ctrl-C to us although the terminal has sent it too; the child must see it once. */
const SAME_SIGNAL_MS = 300;
/** npm explains all of its options whenever a lock file does not fit. */
const NPM_USAGE = /^npm error Clean install a project\n[\s\S]*?(?=^npm error A complete log|$(?![\s\S]))/m;
const PARENT_POLL_MS = 250;
const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const stampFile = join(modules, ".godwit-lock");
const lockDir = join(root, ".godwit", "install.lock");
const windows = process.platform === "win32";

await main(process.argv.slice(2));

async function main([script, ...args]) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < MIN_NODE_MAJOR) {
    fail(`Node ${process.versions.node} is too old: install Node ${MIN_NODE_MAJOR} or newer, then run this again.`);
  }
  if (script === undefined) fail("Name a script: node scripts/bootstrap.mjs <script.ts> [args…]");
  if (!isInstalled()) await installOnce();
  run(binary("bun"), [script, ...args]);
}

function fail(message) {
  process.stderr.write(`godwit: ${message}\n`);
  process.exit(1);
}

function binary(name) {
  return join(modules, ".bin", windows ? `${name}.cmd` : name);
}

function lockfileHash() {
  try {
    return createHash("sha256")
      .update(readFileSync(join(root, "package-lock.json")))
      .digest("hex");
  } catch (error) {
    return fail(`Cannot read package-lock.json (${error.code}): restore it from the repository.`);
  }
}

function isInstalled() {
  const hash = lockfileHash();
  if (existsSync(stampFile)) {
    if (readFileSync(stampFile, "utf8").trim() === hash) return true;
  }
  if (!installedByHand()) return false;
  writeFileSync(stampFile, `${hash}\n`);
  return true;
}

/** True when somebody's own `npm ci` or `npm install` has just left what package-lock.json asks for. */
function installedByHand() {
  const installed = packagesOf(join(modules, ".package-lock.json"));
  const wanted = packagesOf(join(root, "package-lock.json"));
  if (installed === undefined || wanted === undefined) return false;
  const sameVersion = Object.entries(installed).every(([path, entry]) => wanted[path]?.version === entry.version);
  const present = Object.entries(wanted).every(([path, entry]) => path === "" || entry.optional || installed[path]);
  return sameVersion && present && existsSync(binary("bun"));
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Two runs that start together: one installs, the other waits for it and finds the stamp. */
async function installOnce() {
  const release = await takeInstallLock();
  try {
    if (!isInstalled()) install();
  } finally {
    release();
  }
}

function install() {
  const started = Date.now();
  process.stderr.write("godwit: installing dependencies (npm ci) … ");
  const npm = spawnSync(windows ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    encoding: "utf8",
    shell: windows,
    env: { ...process.env, NODE_ENV: "development" },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (npm.status !== 0) {
    const said = `${npm.stdout ?? ""}${npm.stderr ?? ""}`;
    process.stderr.write(`failed after ${seconds} s\n${said.replace(NPM_USAGE, "")}`);
    fail(adviceAfter(npm.error, said));
  }
  process.stderr.write(`done in ${seconds} s\n`);
  ensureBinary("bun", "install.js");
  ensureBinary("deno", "install.cjs");
  writeFileSync(stampFile, `${lockfileHash()}\n`);
}

function adviceAfter(startError, said) {
  if (startError) return `Cannot start npm (${startError.code}): install Node with npm, then run this again.`;
  if (said.includes("code EUSAGE")) {
    return "package-lock.json does not fit package.json: run 'npm install', commit both, then run this again.";
  }
  return "npm ci failed, see above: check the network and npm's registry setting, then run this again.";
}

/** npm may be set to skip install scripts; those of bun and deno put their binary in place. */
function ensureBinary(name, installScript) {
  if (answersVersion(name)) return;
  spawnSync(process.execPath, [join(modules, name, installScript)], { cwd: join(modules, name), stdio: "ignore" });
  if (answersVersion(name)) return;
  rmSync(stampFile, { force: true });
  fail(
    `The npm package '${name}' has no working binary for ${process.platform}-${process.arch}: ` +
      `its install script did not run or this platform is not supported. ` +
      `Run 'npm rebuild ${name} --ignore-scripts=false --foreground-scripts' and read what it says.`,
  );
}

function answersVersion(name) {
  return spawnSync(binary(name), ["--version"], { stdio: "ignore", shell: windows }).status === 0;
}

/**
 * The lock is held while its directory holds an owner file `<pid>-<token>`. Both steps are atomic: a ready-made
 * directory is renamed into place (which succeeds only over a missing or an empty one), and a dead owner is removed
 * by its full name, so that whoever comes late cannot remove the next owner instead.
 */
async function takeInstallLock() {
  const owner = `${process.pid}-${randomUUID()}`;
  const candidate = `${lockDir}.${owner}`;
  mkdirSync(candidate, { recursive: true });
  writeFileSync(join(candidate, owner), "");
  process.once("exit", () => rmSync(candidate, { recursive: true, force: true }));
  let told = false;
  while (!tryRename(candidate, lockDir)) {
    const holder = lockHolder();
    if (holder !== undefined && isDead(holder)) rmSync(join(lockDir, holder), { force: true });
    else {
      if (!told) process.stderr.write("godwit: another run is installing dependencies, waiting for it …\n");
      told = true;
      await new Promise((resolve) => setTimeout(resolve, INSTALL_LOCK_POLL_MS));
    }
  }
  const release = () => {
    try {
      unlinkSync(join(lockDir, owner));
      rmdirSync(lockDir);
    } catch {
      // Somebody else took the empty directory over before we could remove it: it is theirs now.
    }
  };
  process.once("exit", release);
  return release;
}

function tryRename(from, to) {
  try {
    if (windows) rmdirSync(to);
  } catch {
    // Missing or held: the rename tells which.
  }
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"].includes(error.code)) return false;
    throw error;
  }
}

function lockHolder() {
  try {
    return readdirSync(lockDir)[0];
  } catch {
    return undefined;
  }
}

function isDead(holder) {
  try {
    if (Date.now() - statSync(join(lockDir, holder)).mtimeMs > INSTALL_LOCK_MAX_MS) return true;
    process.kill(Number(holder.split("-")[0]), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH" || error.code === "ENOENT";
  }
}

/**
 * The child leads a process group of its own, so a terminal's Ctrl-C reaches it through us only, once; a second
 * Ctrl-C is passed on as a second one. We end as the child ended: by its exit code or by its signal.
 */
function run(command, args) {
  const last = new Map();
  // Before there is a child: on a busy machine it may be at work, and somebody stop us, before we go on from spawn().
  const parent = process.ppid;
  for (const signal of FORWARDED_SIGNALS) {
    process.on(signal, () => {
      if (Date.now() - (last.get(signal) ?? 0) < SAME_SIGNAL_MS) return;
      last.set(signal, Date.now());
      child.kill(signal);
    });
  }
  const child = spawn(command, args, { cwd: root, stdio: "inherit", detached: !windows, shell: windows });
  process.on("SIGTSTP", () => {
    child.kill("SIGSTOP");
    process.kill(process.pid, "SIGSTOP");
  });
  process.on("SIGCONT", () => child.kill("SIGCONT"));
  if (process.env.npm_lifecycle_event !== undefined) onGone(parent, () => child.kill("SIGTERM"));
  child.on("error", (error) => {
    rmSync(stampFile, { force: true });
    fail(`Cannot start Bun (${error.code}): run this again to install the dependencies anew.`);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded);
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
    process.kill(process.pid, signal);
  });
}

/** npm signals only the shell between us, which dies of it alone: that our parent has gone is how we learn of it. */
function onGone(parent, then) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    then();
  }, PARENT_POLL_MS);
}
