/**
 * The disk of a member is full: a file takes all the room that is left on the tmpfs that holds its data, until mongod
 * ends; then there is room again and it is started again. Linux as root only, as somebody has to mount the tmpfs.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { until } from "#testkit/until.ts";
import type { Fault, FaultContext } from "./fault.ts";
import { proveElection, reignOf } from "./primaries.ts";

const SET = "syd1";
const MEMBER = 2;
/** Journal, oplog and data of a run of half an hour. */
const DISK_MEGABYTES = 1_500;
const PIECE = new Uint8Array(1024 * 1024);
/** A checkpoint comes each minute and needs room. */
const END_BOUND_MS = 90_000;
const BALLAST = "ballast";

const diskOf = (dataDir: string): string => join(dataDir, SET, `member-${MEMBER}`);

export const diskFull: Fault = {
  name: "disk-full",
  available() {
    if (process.platform !== "linux") return "a tmpfs to fill can only be mounted on Linux";
    return process.getuid?.() === 0 ? undefined : "only root may mount a tmpfs to fill";
  },
  async prepare(dataDir, undo) {
    const disk = diskOf(dataDir);
    mkdirSync(disk, { recursive: true, mode: 0o700 });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MEGABYTES}m,mode=0700`, "godwit-chaos", disk]);
    undo.defer(() => void execFileSync("umount", ["-l", disk]));
    await Promise.resolve();
  },
  async cause(context) {
    const { stack } = context;
    const set = stack.set(SET);
    const member = set.members[MEMBER];
    if (member === undefined) throw new Error(`Set ${SET} has no member ${MEMBER}`);
    const ballast = join(member.dataDir, BALLAST);
    const reign = await reignOf(set);
    const wasPrimary = reign.member.index === MEMBER;
    const logStart = statSync(member.logFile).size;
    context.detail({ set: SET, member: MEMBER, primary: wasPrimary });
    context.onHeal(async () => {
      rmSync(ballast, { force: true });
      if (!member.alive) await member.restart();
    });
    const megabytes = fill(ballast);
    await hastenCheckpoint(context, member.port);
    const ended = await until("mongod to end", END_BOUND_MS, () => !member.alive || undefined, 100).catch(() => false);
    const words = readFileSync(member.logFile).subarray(logStart).toString("utf8");
    const saysFull = /No space left on device|ENOSPC/.test(words);
    const election = wasPrimary && ended ? (await proveElection(set, reign)).evidence : "it was no primary";
    const how = ended ? "ended" : "went on";
    const seen = `${megabytes} MB of ballast, ENOSPC in its log: ${saysFull}`;
    const evidence = `${SET}/${MEMBER} ${how} with ${seen}; ${election}`;
    return { happened: ended && saysFull, evidence };
  },
};

/** Writes until nothing fits any more; returns the megabytes. */
function fill(path: string): number {
  const file = openSync(path, "w");
  let megabytes = 0;
  try {
    for (;;) megabytes += writeSync(file, PIECE) / PIECE.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return Math.round(megabytes);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Only hastens what comes each minute by itself. */
async function hastenCheckpoint({ stack }: FaultContext, port: number): Promise<void> {
  const uri = new URL(stack.set(SET).adminUri.replace(/@[^/]*/, `@127.0.0.1:${port}`));
  uri.searchParams.delete("replicaSet");
  uri.searchParams.set("directConnection", "true");
  uri.searchParams.set("serverSelectionTimeoutMS", "2000");
  uri.searchParams.set("socketTimeoutMS", "5000");
  const client = new MongoClient(uri.href);
  try {
    await client.db("admin").command({ fsync: 1 });
  } catch {
    // It ended on it.
  } finally {
    await client.close();
  }
}
