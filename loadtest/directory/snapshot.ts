/** The snapshot part: a set that holds a large business, and fresh processes that do nothing but hold it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeDirectory } from "#core/directory/write-directory.ts";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import type { BenchOptions, BenchOutcome } from "../bench-seam.ts";
import { openRig, SET } from "../queue/rig.ts";
import type { Held } from "./holder.ts";
import { ACCOUNTS, planDirectory, RATES } from "./plan-directory.ts";

const HOLDER = join(import.meta.dirname, "holder.ts");
const WRITE_MS_MAX = 120_000;
const HOLDER_MS_MAX = 120_000;
const DENO = join(import.meta.dirname, "../../node_modules/deno/deno");
const RUNTIMES = {
  bun: [process.execPath],
  deno: [DENO, "run", "--allow-net", "--allow-env", "--allow-sys=osRelease"],
} as const;
const run = promisify(execFile);

export const SNAPSHOT_MEANINGS = {
  accounts: "of three levels, each with a key",
  rates: "over 400 price lists",
  write_s: "to write all of it, change by change",
  load_ms: "from the opening of the directory to its first snapshot, in a fresh process, by runtime",
  snapshot_rss_mb: "resident memory of a process that holds it, after 300,000 look-ups: of the runtime that takes more",
  rss_mb: "the same by runtime",
  lookup_us_p50: "a price by account, number and class, all random: median, on Bun, where workers look them up",
  lookup_us: "the same by runtime, and its 99th percentile",
} as const;

export async function measureSnapshot(options: BenchOptions): Promise<BenchOutcome> {
  await using opened = await openRig(options, "directory");
  await using database = await opened.rig.openDatabase();
  await using store = await database.openStore({ writers: 1 });
  options.say(`writing ${ACCOUNTS} accounts and ${RATES} rates`);
  const startedAt = performance.now();
  const deps = { stores: [store], clock: systemClock, random: systemRandom, actor: "bench" };
  // Planning takes this process seconds, in which it hears of no set.
  await until("the directory to be written", WRITE_MS_MAX, async () => {
    const { type } = await writeDirectory(deps, planDirectory());
    return type === "changed" || undefined;
  });
  const writeSeconds = (performance.now() - startedAt) / 1_000;
  const hold = async (runtime: keyof typeof RUNTIMES): Promise<Held> => {
    options.say(`holding it on ${runtime}`);
    const [program, ...args] = RUNTIMES[runtime];
    const asked = [...args, HOLDER, SET, database.uri, database.name];
    const { stdout } = await run(program, asked, { timeout: HOLDER_MS_MAX, signal: options.signal });
    return JSON.parse(stdout) as Held;
  };
  const [bun, deno] = [await hold("bun"), await hold("deno")];
  const rss = { bun: Math.max(bun.rssLoadedMb, bun.rssUsedMb), deno: Math.max(deno.rssLoadedMb, deno.rssUsedMb) };
  const failures = [bun, deno].flatMap(({ found, lookups }) => {
    return found < lookups / 2 ? [`only ${found} of ${lookups} look-ups found a price`] : [];
  });
  const micros = (ns: number): number => Math.round(ns / 10) / 100;
  return {
    figures: {
      ...{ accounts: ACCOUNTS, rates: RATES, write_s: writeSeconds },
      load_ms: { bun: bun.loadMs, deno: deno.loadMs },
      snapshot_rss_mb: Math.max(rss.bun, rss.deno),
      rss_mb: rss,
      lookup_us_p50: micros(bun.lookupNs.p50),
      lookup_us: {
        ...{ bun_p50: micros(bun.lookupNs.p50), bun_p99: micros(bun.lookupNs.p99) },
        ...{ deno_p50: micros(deno.lookupNs.p50), deno_p99: micros(deno.lookupNs.p99) },
      },
    },
    failures: [...failures, ...opened.failures],
    otherLoad: {},
  };
}
