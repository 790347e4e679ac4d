/**
 * How fast the machine itself is: the same work before and after a run, so that a machine that changed is not taken for
 * a platform that did. Nothing of the platform is in it. Each part takes a second or so, the whole less than five.
 */
import { open, unlink } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { percentile } from "../../percentile.ts";
import type { Calibration } from "../soak-record.ts";

/** A part ends at its number of turns or after this time, whichever comes first. */
const PART_MS_MAX = 1_300;
const CPU_TURNS = 25;
/** ~40 ms on the cores of 2026: long against the timer, short against a time slice. */
const CPU_STEPS = 12_000_000;
const FSYNC_TURNS = 200;
/** A page: what a journal writes for a small commit. */
const FSYNC_BYTES = 4_096;
const LOOPBACK_TURNS = 2_000;
const LOOPBACK_BYTES = 64;
/** At least these many turns make a median, however slow the disk is. */
const TURNS_MIN = 3;
/** The first turns compile the code, open the window and make the file. */
const WARM_UP_TURNS = 2;

/** `folder`: on the disk of the data; one small file is written there and removed. Throws what the file system says. */
export async function calibrate({
  folder,
  clock,
}: {
  readonly folder: string;
  readonly clock: Clock;
}): Promise<Calibration> {
  return {
    cpuLoopMs: await medianOf(clock, CPU_TURNS, async () => void spin(CPU_STEPS)),
    fsyncMs: await measureFsync(folder, clock),
    loopbackMs: await measureLoopback(clock),
  };
}

/** Whole numbers only, each step waiting for the one before: nothing of it can be left out or done side by side. */
function spin(steps: number): number {
  let state = 1;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

async function measureFsync(folder: string, clock: Clock): Promise<number> {
  const path = join(folder, ".calibration");
  const file = await open(path, "w", 0o600);
  try {
    const page = new Uint8Array(FSYNC_BYTES).fill(1);
    return await medianOf(clock, FSYNC_TURNS, async () => {
      await file.write(page);
      await file.sync();
    });
  } finally {
    await file.close();
    await unlink(path);
  }
}

/** One connection, a few bytes there and back; both ends are ours, so it is the kernel and one event loop. */
async function measureLoopback(clock: Clock): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => socket.on("error", () => undefined).pipe(socket));
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const client = connect({ port, host: "127.0.0.1", noDelay: true });
  try {
    await new Promise<void>((resolve, reject) => client.once("connect", resolve).once("error", reject));
    return await medianOf(clock, LOOPBACK_TURNS, () => roundTrip(client));
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function roundTrip(client: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = LOOPBACK_BYTES;
    const take = (bytes: Buffer): void => {
      missing -= bytes.length;
      if (missing <= 0) end(resolve);
    };
    const fail = (error: Error): void => end(() => reject(error));
    const end = (settle: () => void): void => {
      client.off("data", take).off("error", fail);
      settle();
    };
    client.on("data", take).on("error", fail);
    client.write(new Uint8Array(LOOPBACK_BYTES));
  });
}

async function medianOf(clock: Clock, turns: number, run: () => Promise<void>): Promise<number> {
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) await run();
  const times: number[] = [];
  const beganAt = clock.monotonic();
  for (let turn = 0; turn < turns; turn += 1) {
    if (turn >= TURNS_MIN && clock.monotonic() - beganAt > PART_MS_MAX) break;
    const startedAt = clock.monotonic();
    await run();
    times.push(clock.monotonic() - startedAt);
  }
  return percentile(
    times.sort((a, b) => a - b),
    50,
  );
}
