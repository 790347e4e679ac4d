// Child processes of the gate: each leads a process group of its own, has a time-out with a name, and leaves nobody
// behind. stdout and stderr go to one file, so that their order is the order in which they were written.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Time between the polite signal and the one that cannot be refused. */
const KILL_AFTER_MS = 5_000;
const EMPTY_GROUP_MS = 500;
const EMPTY_GROUP_POLL_MS = 5;

export type ChildCommand = {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
};

export type ChildEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "timed_out"; readonly afterMs: number }
  | { readonly kind: "not_started"; readonly reason: string }
  | { readonly kind: "interrupted" };

export type ChildResult = { readonly end: ChildEnd; readonly output: string; readonly ms: number };

export type Children = {
  /** Runs to the end; never rejects for what the child does. */
  readonly run: (command: ChildCommand) => Promise<ChildResult>;
  /** Ends every running child with its whole group; later runs answer `interrupted` at once. */
  readonly interrupt: () => void;
};

/** Creates the register of running children; one a process. */
export function createChildren(killAfterMs: number = KILL_AFTER_MS): Children {
  const running = new Map<ChildProcess, (end: ChildEnd) => void>();
  let interrupted = false;
  return {
    run: (command) => {
      if (interrupted) return Promise.resolve({ end: { kind: "interrupted" }, output: "", ms: 0 });
      return runChild(command, running, killAfterMs);
    },
    interrupt: () => {
      interrupted = true;
      for (const stop of running.values()) stop({ kind: "interrupted" });
    },
  };
}

/** Says how a child ended, for a sentence that begins with its name. */
export function describeEnd(end: ChildEnd): string {
  switch (end.kind) {
    case "exited":
      return `ended with exit code ${end.code}`;
    case "signalled":
      return `died of ${end.signal}`;
    case "timed_out":
      return `was killed after its time-out of ${end.afterMs / 1000} s`;
    case "not_started":
      return `could not be started: ${end.reason}`;
    case "interrupted":
      return "was interrupted";
  }
}

async function runChild(
  command: ChildCommand,
  running: Map<ChildProcess, (end: ChildEnd) => void>,
  killAfterMs: number,
): Promise<ChildResult> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-child-"));
  const logFile = join(folder, "output");
  const log = openSync(logFile, "a");
  const started = performance.now();
  const [file, ...args] = command.argv;
  const child = spawn(file, args, {
    cwd: command.cwd,
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...command.env },
  });
  let forced: ChildEnd | undefined;
  let killTimer: ReturnType<typeof setTimeout> | undefined;
  const stop = (end: ChildEnd): void => {
    if (forced !== undefined) return;
    forced = end;
    signalGroup(child, "SIGTERM");
    killTimer = setTimeout(() => signalGroup(child, "SIGKILL"), killAfterMs);
  };
  const timeout = setTimeout(() => stop({ kind: "timed_out", afterMs: command.timeoutMs }), command.timeoutMs);
  running.set(child, stop);
  const ended = await endOf(child);
  clearTimeout(timeout);
  clearTimeout(killTimer);
  running.delete(child);
  // Whoever the child has started and forgotten is still in its group.
  await emptyGroup(child);
  closeSync(log);
  const output = readFileSync(logFile, "utf8");
  rmSync(folder, { recursive: true, force: true });
  return { end: forced ?? ended, output, ms: performance.now() - started };
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "not_started", reason: error.message }));
    child.once("exit", (code, signal) => {
      resolve(signal === null ? { kind: "exited", code: code ?? 1 } : { kind: "signalled", signal });
    });
  });
}

/** Kills who is left of a group and waits until they have gone, for a while: somebody else must reap an orphan. */
async function emptyGroup(child: ChildProcess): Promise<void> {
  const deadline = performance.now() + EMPTY_GROUP_MS;
  while (signalGroup(child, "SIGKILL") && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, EMPTY_GROUP_POLL_MS));
  }
}

/** Answers false when nobody is left in the group. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}
