// The bootstrap on a copy of a repository, with a stand-in for npm and for Bun.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const PACKAGES = {
  "": {},
  "node_modules/bun": { version: "1.0.0" },
  "node_modules/mac": { version: "1", optional: true },
};

/** Counts its runs, takes a while, and puts a `bun` in place that runs shell scripts. */
const NPM = `#!/bin/sh
echo "npm $*" >> "npm-runs"
sleep 0.3
[ -e "npm-fails" ] && { cat npm-fails >&2; exit 1; }
rm -rf node_modules && mkdir -p node_modules/.bin node_modules/bun node_modules/deno
printf '#!/bin/sh\\n[ "$1" = --version ] && exit 0\\nexec /bin/sh "$@"\\n' > node_modules/.bin/bun
cp node_modules/.bin/bun node_modules/.bin/deno
[ -e "no-deno" ] && echo 'exit 1' > node_modules/.bin/deno
chmod +x node_modules/.bin/*
`;

type Run = { readonly code: number | null; readonly signal: string | null; readonly out: string; readonly err: string };

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "godwit-bootstrap-"));
  for (const folder of ["path", "scripts"]) mkdirSync(join(root, folder));
  copyFileSync(join(import.meta.dir, "bootstrap.mjs"), bootstrap());
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: PACKAGES }));
  writeFileSync(join(root, "path", "npm"), NPM);
  chmodSync(join(root, "path", "npm"), 0o755);
  script("hello", 'echo "hello $*"; exit 7');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function bootstrap(): string {
  return join(root, "scripts", "bootstrap.mjs");
}

function script(name: string, body: string): void {
  writeFileSync(join(root, name), body);
}

function start(...args: string[]): ChildProcess {
  return spawn("node", [bootstrap(), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: `${join(root, "path")}:${process.env.PATH}` },
  });
}

async function ended(child: ChildProcess): Promise<Run> {
  const exit = new Promise<readonly [number | null, string | null]>((resolve) => {
    child.once("exit", (code, signal) => resolve([code, signal]));
  });
  const [out, err, [code, signal]] = await Promise.all([read(child.stdout), read(child.stderr), exit]);
  return { code, signal, out, err };
}

function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? Promise.resolve("") : text(stream);
}

function npmRuns(): number {
  const log = join(root, "npm-runs");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0;
}

describe("bootstrap.mjs installs", () => {
  test("once, then runs the script with its arguments and ends with its exit code", async () => {
    const first = await ended(start("hello", "a b", "--c"));
    expect(first).toMatchObject({ code: 7, out: "hello a b --c\n" });
    expect(first.err).toMatch(/^godwit: installing dependencies \(npm ci\) … done in \d+\.\d s\n$/);
    expect(await ended(start("hello"))).toMatchObject({ code: 7, out: "hello \n", err: "" });
    expect(npmRuns()).toBe(1);
  });

  test("again when package-lock.json has changed", async () => {
    await ended(start("hello"));
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { ...PACKAGES, "node_modules/x": {} } }));
    await ended(start("hello"));
    expect(npmRuns()).toBe(2);
  });

  test("nothing when somebody's own npm has just done it", async () => {
    await ended(start("hello"));
    rmSync(join(root, "node_modules", ".godwit-lock"));
    const { "node_modules/mac": _, "": __, ...installed } = PACKAGES;
    writeFileSync(join(root, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
    await ended(start("hello"));
    expect(npmRuns()).toBe(1);
  });

  test("once for three runs that start together", async () => {
    const runs = await Promise.all([start("hello"), start("hello"), start("hello")].map(ended));
    expect(runs.map(({ code }) => code)).toEqual([7, 7, 7]);
    expect(npmRuns()).toBe(1);
    expect(existsSync(join(root, ".godwit", "install.lock"))).toBe(false);
  });

  test("although a run that died has left its lock", async () => {
    const dead = start("hello");
    await ended(dead);
    rmSync(join(root, "node_modules"), { recursive: true });
    const lock = join(root, ".godwit", "install.lock");
    mkdirSync(lock, { recursive: true });
    writeFileSync(join(lock, `${dead.pid}-some-token`), "");
    const runs = await Promise.all([start("hello"), start("hello")].map(ended));
    expect(runs.map(({ code }) => code)).toEqual([7, 7]);
    expect(npmRuns()).toBe(2);
  });
});

describe("bootstrap.mjs says what to do", () => {
  test("when npm fails, with npm's own words, and installs at the next run", async () => {
    writeFileSync(join(root, "npm-fails"), "no network\n");
    const failed = await ended(start("hello"));
    expect(failed).toMatchObject({ code: 1, out: "" });
    expect(failed.err).toContain("no network");
    expect(failed.err).toContain("check the network and npm's registry setting, then run this again");
    rmSync(join(root, "npm-fails"));
    expect(await ended(start("hello"))).toMatchObject({ code: 7 });
  });

  test("when package-lock.json does not fit, without npm's list of options", async () => {
    const usage = "npm error code EUSAGE\nnpm error Missing: x\nnpm error Clean install a project\nnpm error Usage:\n";
    writeFileSync(join(root, "npm-fails"), usage);
    const { err } = await ended(start("hello"));
    expect(err).toContain("Missing: x");
    expect(err).not.toContain("Usage");
    expect(err).toContain("package-lock.json does not fit package.json: run 'npm install'");
  });

  test("when a package has come without its binary, at every run", async () => {
    writeFileSync(join(root, "no-deno"), "");
    for (const run of [await ended(start("hello")), await ended(start("hello"))]) {
      expect(run.code).toBe(1);
      expect(run.err).toContain("npm rebuild deno --ignore-scripts=false");
    }
  });

  test("when npm is not there", async () => {
    rmSync(join(root, "path", "npm"));
    symlinkSync(Bun.which("node") ?? "", join(root, "path", "node"));
    const env = { ...process.env, PATH: join(root, "path") };
    const run = await ended(spawn(join(root, "path", "node"), [bootstrap(), "hello"], { env }));
    expect(run.err).toContain("Cannot start npm (ENOENT): install Node with npm");
  });

  test("when no script is named", async () => {
    expect((await ended(start())).err).toContain("Name a script");
  });
});

describe("bootstrap.mjs passes signals on", () => {
  const CATCHES = `trap 'n=$((n+1)); echo caught >&2' INT TERM HUP; echo ready
    i=0; while [ $i -lt 20 ]; do sleep 0.05; i=$((i+1)); done; exit $((40 + n))`;

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} reaches the script once, though we got it twice, and its exit code is ours`, async () => {
      await ended(start("hello"));
      script("catches", CATCHES);
      const child = start("catches");
      child.stdout?.once("data", () => {
        child.kill(signal);
        setTimeout(() => child.kill(signal), 30);
      });
      expect(await ended(child)).toMatchObject({ code: 41, err: "caught\n" });
    });
  }

  test("a script that dies of a signal is a bootstrap that dies of it", async () => {
    await ended(start("hello"));
    script("waits", "echo ready; exec sleep 60");
    const child = start("waits");
    child.stdout?.once("data", () => child.kill("SIGTERM"));
    expect(await ended(child)).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  test("the death of the shell that npm put between us ends the script", async () => {
    await ended(start("hello"));
    script("waits", "trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    const env = { ...process.env, npm_lifecycle_event: "test" };
    const shell = spawn("/bin/sh", ["-c", 'node "$0" waits; true', bootstrap()], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    shell.stdout.once("data", () => shell.kill("SIGKILL"));
    expect(await ended(shell)).toMatchObject({ signal: "SIGKILL", out: "ready\nended\n" });
  });
});
