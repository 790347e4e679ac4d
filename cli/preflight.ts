/** What is checked before anything starts, as it fails in worse words later: the platform, and room for the data. */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { readState } from "#testkit/platform-state.ts";

const MEBIBYTE = 1024 * 1024;
/** Six mongods set 300 MB of journal aside each. */
const NEW_PLATFORM_MEBIBYTES = 2_500;
/** Below it MongoDB and PostgreSQL stop taking writes sooner or later. */
const KNOWN_PLATFORM_MEBIBYTES = 500;

/** This machine cannot run the platform as it is. */
class PreflightError extends Error {
  override readonly name = "PreflightError";
  readonly code: "platform_unsupported" | "disk_full";
  readonly retryable = false;

  constructor(code: PreflightError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface Machine {
  readonly platform: string;
  readonly freeMebibytes: (dir: string) => number;
}

const thisMachine: Machine = {
  platform: process.platform,
  freeMebibytes: (dir) => {
    const { bavail, bsize } = statfsSync(dir);
    return Math.floor((bavail * bsize) / MEBIBYTE);
  },
};

/** Throws PreflightError. */
export function checkMachine(dataDir: string, machine: Machine = thisMachine): void {
  if (machine.platform !== "linux" && machine.platform !== "darwin") {
    throw new PreflightError(
      "platform_unsupported",
      `The whole platform runs on Linux and macOS, and this is ${machine.platform}: on Windows start it inside WSL 2.`,
    );
  }
  const needed = readState(dataDir) === undefined ? NEW_PLATFORM_MEBIBYTES : KNOWN_PLATFORM_MEBIBYTES;
  const free = machine.freeMebibytes(nearestFolder(dataDir));
  if (free >= needed) return;
  throw new PreflightError(
    "disk_full",
    `The disk of ${dataDir} has ${free} MB free, and the databases need ${needed} MB: ` +
      "free some space, or choose another disk with --data.",
  );
}

function nearestFolder(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearestFolder(dirname(dir));
}
