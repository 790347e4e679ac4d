/**
 * Why a database server did not come up, in words for a person: a known cause where its log shows one, and always the
 * last lines that matter. Pure apart from reading the log's tail.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Exit, ServerProcess } from "./server-process.ts";

const TAIL_BYTES = 64 * 1024;
const MAX_LINES = 5;
const MAX_LINE_CHARS = 400;

/** A server process ended, or did not serve, during its start. */
export class ServerStartError extends Error {
  override readonly name = "ServerStartError";
  readonly code = "server_start_failed";
  readonly retryable = false;
  readonly logFile: string;

  constructor(what: string, logFile: string, server: Pick<ServerProcess, "exit" | "logStart">) {
    const lines = meaningfulLines(readTail(logFile, server.logStart));
    const shown = lines.length === 0 ? "" : `\nLast lines of ${logFile}:\n  ${lines.join("\n  ")}`;
    super(`${what} did not start: ${explain(lines, server.exit)}${shown}`);
    this.logFile = logFile;
  }
}

const OTHER_VERSION = "its data was written by a newer or much older version of the server";

/** First match wins: the most telling first. Texts of mongod 6-8 and PostgreSQL 15-18. */
const CAUSES: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/no space left on device|ENOSPC|disk quota exceeded/i, "the disk is full"],
  [/address already in use/i, "its port is taken"],
  [/featureCompatibilityVersion|UPGRADE PROBLEM|incompatible with (this )?server/i, OTHER_VERSION],
  [/unsupported WiredTiger file version|WiredTiger version incompatible/i, OTHER_VERSION],
  [/error while loading shared libraries: \S+/i, "a system library is missing"],
  [/unable to lock the lock file|lock file "[^"]*" already exists/i, "another server runs on the same data"],
  [/permission denied|permissions on .* are too open/i, "it may not read or write one of its files"],
  [/cannot allocate memory|could not (create|map|resize) .*shared memory/i, "there is too little memory"],
  [/illegal instruction|AVX/i, "this processor lacks an instruction that the server needs"],
];

/** The human reason for a failed start, from the lines that matter and how the server ended. */
export function explain(lines: readonly string[], exit: Exit | undefined): string {
  const known = CAUSES.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (known) return known[1];
  if (exit?.signal === "SIGILL") return "this processor lacks an instruction that the server needs";
  if (exit?.signal === "SIGKILL") return "it was killed (by hand, or by the system for lack of memory)";
  if (exit) return `it exited with ${exit.signal ?? `status ${exit.code}`}`;
  return "it runs, but did not serve in time";
}

/**
 * The last lines that say something: of mongod's JSON log the warnings and worse (message and error text), of other
 * logs whatever is there.
 */
export function meaningfulLines(log: string): readonly string[] {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const read = lines.map((line) => ({ text: readable(line), severe: isSevere(line) }));
  const severe = read.filter((line) => line.severe);
  return (severe.length > 0 ? severe : read).slice(-MAX_LINES).map((line) => line.text.slice(0, MAX_LINE_CHARS));
}

function isSevere(line: string): boolean {
  return /"s":"[EF]"/.test(line) || /^\S* ?.*\b(FATAL|PANIC|ERROR|error while loading)\b/.test(line);
}

function readable(line: string): string {
  try {
    const { msg, attr } = JSON.parse(line) as { readonly msg?: string; readonly attr?: unknown };
    return attr === undefined ? (msg ?? line) : `${msg}: ${JSON.stringify(attr)}`;
  } catch {
    return line;
  }
}

/** Only what was logged from `fromByte` on: an older failure in the same file must not explain this one. */
function readTail(logFile: string, fromByte: number): string {
  try {
    const fd = openSync(logFile, "r");
    try {
      const size = fstatSync(fd).size;
      const buffer = Buffer.alloc(Math.max(0, Math.min(size - fromByte, TAIL_BYTES)));
      readSync(fd, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString("utf8");
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}
