/**
 * A database server as a child process: running → exited. It runs in a process group of its own, so that Ctrl-C in the
 * terminal reaches only us and we decide the order of stopping; a tiny shell beside it waits for our end and stops the
 * server when we die without a word (SIGKILL, crash). It is only ever signalled by its own process id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import type { Writable } from "node:stream";
import { until } from "./until.ts";

/** A server that has not stopped on its own after this long is killed. */
export const STOP_GRACE_MS = 20_000;
const KILL_BOUND_MS = 10_000;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/**
 * Reads its input until the pipe closes: "bye" means that the server was stopped in the ordinary way, end of file that
 * the parent is dead. $1 pid, $2 an argument the server's command line must hold, $3 the signal that stops it cleanly.
 */
const WATCHER = `
read -r word; [ "$word" = bye ] && exit 0
ours() {
  line=" $(tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null || ps -o args= -p "$1") "
  case "$line" in *" $2 "*) return 0;; esac; return 1
}
ours "$1" "$2" && kill -s CONT "$1" && kill -s "$3" "$1"
n=0
while [ $n -lt ${STOP_GRACE_MS / 1000} ] && ours "$1" "$2"; do sleep 1; n=$((n+1)); done
ours "$1" "$2" && kill -s KILL "$1"
`;

export interface ServerCommand {
  readonly path: string;
  readonly args: readonly string[];
  /** One of `args` that no other process has: the data directory. */
  readonly mark: string;
  /** Everything the server prints is appended here; a file beyond 16 MiB is first moved aside to `.old`. */
  readonly logFile: string;
  /** Stops the server cleanly. */
  readonly stopSignal: "SIGTERM" | "SIGINT";
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** Undefined while the server runs. */
  readonly exit: Exit | undefined;
  readonly exited: Promise<Exit>;
  /** Size of the log file when this server started: what follows is its own. */
  readonly logStart: number;
  signal(signal: NodeJS.Signals): void;
  /** Clean stop, SIGKILL after STOP_GRACE_MS; returns once the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL; returns once the process is gone. */
  kill(): Promise<void>;
}

/** Starts the server; rejects only when it cannot be started at all. That it runs does not mean that it serves. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const logStart = setAsideLargeLog(command.logFile);
  const child = await spawnServer(command);
  const pid = child.pid ?? 0;
  let exit: Exit | undefined;
  const watcher = watchParent(pid, command);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      exit = { code, signal };
      watcher.end("bye\n");
      resolve(exit);
    });
  });
  const gone = (): Exit | undefined => exit;
  const signal = (name: NodeJS.Signals): void => {
    if (!exit) child.kill(name);
  };
  const kill = async (): Promise<void> => {
    signal("SIGKILL");
    await until(`killed process ${pid} to go`, KILL_BOUND_MS, gone);
  };
  const stop = async (): Promise<void> => {
    signal("SIGCONT"); // a test may have paused it
    signal(command.stopSignal);
    await until(`process ${pid} to stop`, STOP_GRACE_MS, gone).catch(kill);
  };
  return {
    pid,
    get exit() {
      return exit;
    },
    exited,
    logStart,
    signal,
    stop,
    kill,
  };
}

async function spawnServer(command: ServerCommand): Promise<ChildProcess> {
  const log = openSync(command.logFile, "a", 0o600);
  try {
    const child = spawn(command.path, command.args, {
      cwd: "/", // the server's own user may not be allowed into ours
      detached: true,
      stdio: ["ignore", log, log],
      ...(command.uid === undefined ? {} : { uid: command.uid }),
      ...(command.gid === undefined ? {} : { gid: command.gid }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  } finally {
    closeSync(log);
  }
}

function watchParent(pid: number, command: ServerCommand): Writable {
  const watcher = spawn(
    "sh",
    ["-c", WATCHER, "godwit-watch", String(pid), command.mark, command.stopSignal.slice("SIG".length)],
    { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] },
  );
  watcher.unref();
  watcher.on("error", () => undefined); // no shell: we lose the safety net, not the server
  watcher.stdin.on("error", () => undefined);
  return watcher.stdin;
}

/** Returns the bytes that the log file holds after that. */
function setAsideLargeLog(logFile: string): number {
  const bytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= MAX_LOG_BYTES) return bytes;
  renameSync(logFile, `${logFile}.old`);
  return 0;
}
