/**
 * What the operating system knows about a process id: is it alive, when did it start, what is its command line. Used to
 * tell a live owner of a data directory from a stale note of one. It never signals a process whose command line it has
 * not just seen.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { until } from "./until.ts";

const KILL_BOUND_MS = 10_000;

/** True while a process with this id runs; one that has exited and only waits for its parent (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return statFields(pid)?.[0] !== "Z";
}

/**
 * A text that differs between two processes that had the same id one after the other, or undefined where the system
 * does not tell. Linux: start time in ticks since boot (field 22 of /proc/PID/stat, proc(5)); elsewhere what `ps`
 * prints.
 */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === "linux" ? statFields(pid)?.[19] : ps(pid, "lstart=");
}

/** True when `argument` is one whole argument of the command line of a live process `pid`. */
export function runsWith(pid: number, argument: string): boolean {
  const line = process.platform === "linux" ? procFile(pid, "cmdline")?.replaceAll("\0", " ") : ps(pid, "args=");
  return line !== undefined && ` ${line} `.includes(` ${argument} `);
}

/** The command name of a process, such as "nginx". */
export function nameOf(pid: number): string | undefined {
  return process.platform === "linux" ? procFile(pid, "comm")?.trim() : ps(pid, "comm=");
}

/** The ids of the direct children of a process. */
export function childrenOf(pid: number): readonly number[] {
  const listed =
    process.platform === "linux" ? procFile(pid, `task/${pid}/children`) : run("pgrep", ["-P", String(pid)]);
  return (listed ?? "").split(/\s+/).filter(Boolean).map(Number);
}

/**
 * Stops a process that an earlier, dead run left behind: `stopSignal`, then SIGKILL after `graceMs`. Does nothing
 * unless the process runs with `argument` on its command line, so that a reused id is never touched. Returns whether it
 * was there.
 */
export async function stopLeftover(
  pid: number,
  options: { readonly argument: string; readonly stopSignal: NodeJS.Signals; readonly graceMs: number },
): Promise<boolean> {
  if (!isAlive(pid) || !runsWith(pid, options.argument)) return false;
  const gone = (): true | undefined => (isAlive(pid) ? undefined : true);
  process.kill(pid, "SIGCONT");
  process.kill(pid, options.stopSignal);
  try {
    await until(`process ${pid} to stop`, options.graceMs, gone);
  } catch {
    if (runsWith(pid, options.argument)) process.kill(pid, "SIGKILL");
    await until(`killed process ${pid} to go`, KILL_BOUND_MS, gone);
  }
  return true;
}

/** Fields of /proc/PID/stat from the third (state) on: what stands before may hold blanks. */
function statFields(pid: number): readonly string[] | undefined {
  const stat = procFile(pid, "stat");
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function procFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  return run("ps", ["-o", column, "-p", String(pid)])?.trim() || undefined;
}

function run(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}
