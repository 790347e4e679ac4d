/** A batch of seeds in as many processes as there are cores, each with a share of them. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { SeedsResult } from "./run-seeds.ts";
import type { ShareSays } from "./seed-share/main.ts";
import { addReached, neverReached, type Reached } from "./sometimes.ts";

/** Half a gigabyte each at worst; more of them would not end a batch of thousands much sooner. */
const SHARES_MAX = 16;

export interface RunOnCoresOptions {
  readonly from: number;
  readonly count: number;
  /** The name of one in plants/index.ts. */
  readonly plant?: string;
  /** Told of every seed as it ends, in no order, and of the first thing that was wrong with it. */
  readonly onRun?: (seed: number, finding: string | undefined) => void;
}

/** Rejects when a share ends without a result: whatever it had found is not known. */
export async function runSeedsOnCores({ from, count, plant, onRun }: RunOnCoresOptions): Promise<SeedsResult> {
  const shares = Math.min(availableParallelism(), SHARES_MAX, count);
  const each = Math.ceil(count / shares);
  const results = await Promise.all(
    Array.from({ length: shares }, (_, i) => {
      const first = from + i * each;
      return runShare({ from: first, count: Math.min(each, from + count - first), plant, onRun });
    }),
  );
  const reached: Reached = new Map();
  for (const result of results) addReached(reached, new Map(result.reached));
  return { seeds: count, failed: results.flatMap(({ failed }) => failed), reached, never: neverReached(reached) };
}

type Done = Extract<ShareSays, { readonly type: "done" }>;
type Share = Omit<RunOnCoresOptions, "plant" | "onRun"> & {
  readonly plant: string | undefined;
  readonly onRun: RunOnCoresOptions["onRun"] | undefined;
};

async function runShare({ from, count, plant, onRun }: Share): Promise<Done> {
  const done: { result?: Done } = {};
  const file = join(import.meta.dir, "seed-share", "main.ts");
  const child = Bun.spawn([process.execPath, file, `${from}`, `${count}`, ...(plant === undefined ? [] : [plant])], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc(said: ShareSays) {
      if (said.type === "done") done.result = said;
      else onRun?.(said.seed, said.finding);
    },
  });
  const stop = (): void => child.kill();
  process.once("exit", stop);
  const code = await child.exited;
  process.off("exit", stop);
  if (done.result === undefined) throw new Error(`The share of seeds from ${from} ended with ${code} and no result`);
  return done.result;
}
