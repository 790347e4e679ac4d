/**
 * What a run will write, before it starts: refused where the disk could fill, because a set that cannot write its
 * journal ends, and four hours with it. Estimates lie above what was measured.
 */
import { freeBytes } from "./sample-disk.ts";
import { type SampleSource, samplesBytesMax } from "./sample-source.ts";

const MEGABYTE = 1024 * 1024;
const GIGABYTE = 1024 * MEGABYTE;
const MEMBERS_OF_A_SET = 3;

/** Of one message on one member: 800 measured (30,000 of one segment in bulk); small batches pack less well. */
const MONGOD_BYTES_A_MESSAGE = 2_048;
/** Oplog (its upper size), and what a new member holds already: 301 MB measured, its journal. */
const MONGOD_BYTES = 512 * MEGABYTE + 400 * MEGABYTE;
/** Events, facts at half-full pages, indexes, dead rows: 3,200 measured. */
const POSTGRES_BYTES_A_MESSAGE = 5_120;
/** `max_wal_size`, and a new cluster. */
const POSTGRES_BYTES = GIGABYTE + 100 * MEGABYTE;
/** What clients and provider saw, for the checker, and its own database of them: not measured yet. */
const HISTORY_BYTES_A_MESSAGE = 2_048;
/** Of roles, servers, balancer and k6. */
const LOG_BYTES = 256 * MEGABYTE;
/** A disk that is nearly full is slow, and others write too. */
const LEFT_FREE_BYTES = GIGABYTE;

export interface DiskNeeds {
  readonly durationMs: number;
  /** Messages; the highest rate that is held for long. */
  readonly offeredPerSecond: number;
  readonly sets: number;
  /** Whose samples are kept. */
  readonly sources: readonly Pick<SampleSource, "bytesMax" | "every">[];
}

export interface DiskPlan {
  readonly type: "enough" | "too_little";
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly parts: Readonly<Record<string, number>>;
  /** For people: what is needed, what there is, and what to do about it. */
  readonly message: string;
}

/** `folder`: the data of the run. Throws what the file system says. */
export async function planDisk(folder: string, needs: DiskNeeds): Promise<DiskPlan> {
  return judgeDisk(needs, await freeBytes(folder), folder);
}

/** Pure. */
export function judgeDisk(needs: DiskNeeds, free: number, folder: string): DiskPlan {
  const messages = Math.ceil((needs.durationMs / 1_000) * needs.offeredPerSecond);
  const parts = {
    // A message lies in one set.
    sets: needs.sets * MEMBERS_OF_A_SET * MONGOD_BYTES + messages * MEMBERS_OF_A_SET * MONGOD_BYTES_A_MESSAGE,
    postgres: POSTGRES_BYTES + messages * POSTGRES_BYTES_A_MESSAGE,
    histories: messages * HISTORY_BYTES_A_MESSAGE,
    samples: samplesBytesMax(needs.sources),
    logs: LOG_BYTES,
    leftFree: LEFT_FREE_BYTES,
  };
  const neededBytes = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  const isEnough = free >= neededBytes;
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${gigabytes(bytes)}`);
  const load = `${messages} messages in ${Math.round(needs.durationMs / 60_000)} min`;
  const about = `${load} may take ${gigabytes(neededBytes)} (${list.join(", ")})`;
  const message = isEnough
    ? `Disk: ${about}, and ${folder} has ${gigabytes(free)} free.`
    : `Cannot start as ${folder} has ${gigabytes(free)} free, and ${about}. Make room, name a folder on ` +
      "a larger disk, or plan a shorter run or a lower rate.";
  return { type: isEnough ? "enough" : "too_little", neededBytes, freeBytes: free, parts, message };
}

function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
