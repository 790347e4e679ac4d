/**
 * One role of the platform as a child process: stopped → running → stopped, on one port for life. It gets the
 * environment written for it and nothing of ours, so that what works here works under any supervisor. Its file of
 * variables stays in the data folder, for ourselves alone: with it a person can start the same role by hand.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopLeftover } from "./process-table.ts";
import { type Exit, type ServerProcess, STOP_GRACE_MS, startServerProcess } from "./server-process.ts";
import { ServerStartError } from "./server-start-error.ts";
import { until } from "./until.ts";

const SERVE_BOUND_MS = 30_000;
const ASK_BOUND_MS = 2_000;

export interface RoleProcess {
  readonly name: string;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  readonly alive: boolean;
  readonly logFile: string;
  /** Where it answers over HTTP. */
  readonly url: string;
  /** How the running process ends, or the last one did. */
  readonly exited: Promise<Exit>;
  /** SIGSTOP pauses it, SIGCONT lets it go on. No effect while it is down. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, like a crash; returns once the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; killed when it has not drained after STOP_GRACE_MS. */
  stop(): Promise<void>;
  /** Starts it, after a stop if it runs; returns once it answers. Throws ServerStartError. */
  restart(): Promise<void>;
  /** Its next start has this environment. */
  reconfigure(env: Readonly<Record<string, string>>): void;
  /** Returns once it says that everything it needs is there; throws WaitTimeoutError. */
  waitForReady(timeoutMs: number): Promise<void>;
}

export interface RoleProcessOptions {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Holds the role's log, its variables and its process id. */
  readonly dir: string;
  readonly url: string;
}

/** A role that is down; restart() starts it. Its file of variables is written at once. */
export function createRoleProcess(options: RoleProcessOptions): RoleProcess {
  const { name, url } = options;
  const files = roleFiles(options.dir, name);
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  writeEnvironment(files.environment, options.env);
  let running: ServerProcess | undefined;
  const up = (): ServerProcess | undefined => (running?.exit ? undefined : running);
  return {
    name,
    url,
    logFile: files.log,
    get pid() {
      return up()?.pid;
    },
    get alive() {
      return up() !== undefined;
    },
    get exited() {
      return running?.exited ?? Promise.resolve({ code: null, signal: null });
    },
    signal: (signal) => up()?.signal(signal),
    kill: async () => up()?.kill(),
    stop: async () => up()?.stop(),
    restart: async () => {
      await up()?.stop();
      running = await start(options, files);
    },
    reconfigure: (env) => writeEnvironment(files.environment, env),
    waitForReady: async (timeoutMs) => {
      await until(`${name} to be ready`, timeoutMs, async () => (await answers(`${url}/readyz`)) || undefined);
    },
  };
}

/** Stops the process that a dead run left behind for a role; no effect when there is none. */
export async function stopLeftoverRole(dir: string, name: string): Promise<void> {
  const files = roleFiles(dir, name);
  const pid = readPid(files.pid);
  if (pid > 0) await stopLeftover(pid, { argument: files.mark, stopSignal: "SIGTERM", graceMs: STOP_GRACE_MS });
}

function roleFiles(dir: string, name: string) {
  const at = (extension: string): string => join(dir, `${name}.${extension}`);
  return { log: at("log"), environment: at("env"), pid: at("pid"), mark: join(dir, name) };
}
type RoleFiles = ReturnType<typeof roleFiles>;

function readPid(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}

/** Where the variables are of somebody who runs commands beside the roles: a file like theirs. */
export function commandFile(dir: string, name: string): string {
  return roleFiles(dir, name).environment;
}

export function writeCommandEnvironment(dir: string, name: string, env: Readonly<Record<string, string>>): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeEnvironment(commandFile(dir, name), env);
}

/** The variables of such a file. Throws what the file system says. */
export function readCommandEnvironment(path: string): Readonly<Record<string, string>> {
  const lines = readFileSync(path, "utf8").matchAll(/^export ([A-Z_]+)='((?:[^']|'\\'')*)'$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value.replaceAll("'\\''", "'")]));
}

/** In a file and not on a command line: those are for everyone on the machine to read. */
function writeEnvironment(path: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
  writeFileSync(path, lines.join(""), { mode: 0o600 });
}

async function start(options: RoleProcessOptions, files: RoleFiles): Promise<ServerProcess> {
  // The shell reads the variables and becomes the role. The mark, which roles ignore, tells ours from other processes.
  const becomeRole = '. "$0"; exec "$@"';
  const server = await startServerProcess({
    path: "/usr/bin/env",
    args: ["-i", "/bin/sh", "-c", becomeRole, files.environment, ...options.command, files.mark],
    mark: files.mark,
    logFile: files.log,
    stopSignal: "SIGTERM",
  });
  writeFileSync(files.pid, String(server.pid), { mode: 0o600 });
  const serves = async (): Promise<boolean | undefined> => {
    if (server.exit) return false;
    return (await answers(`${options.url}/livez`)) || undefined;
  };
  const served = await until(`${options.name} to answer`, SERVE_BOUND_MS, serves).catch(() => false);
  if (served) return server;
  const error = new ServerStartError(`The role ${options.name}`, files.log, server);
  await server.kill();
  throw error;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_BOUND_MS), keepalive: false });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
