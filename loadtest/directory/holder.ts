/**
 * A process that does nothing but hold the directory: opens it as every role does, waits until it has all of it, and
 * then looks prices up. Its last line says how long it took, what it takes, and how long each look-up took.
 */
import process from "node:process";
import { openDirectory } from "#core/directory/open-directory.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { systemClock } from "#domain/clock.ts";
import { setIdSchema } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { planLookup } from "./plan-directory.ts";

export interface Held {
  readonly loadMs: number;
  /** Resident, in MB: a while after it was loaded, and after all lookups. */
  readonly rssLoadedMb: number;
  readonly rssUsedMb: number;
  readonly lookupNs: { readonly p50: number; readonly p99: number };
  readonly lookups: number;
  /** Of these, those that found a price. */
  readonly found: number;
}

const LOOKUPS = 300_000;
/** Between these the process does what else it has to. */
const AT_ONCE = 1_000;
const NS_PER_MS = 1e6;
/** What loading leaves behind is collected, or not, as in a process that goes on. */
const SETTLE_MS = 5_000;
const MEGABYTE = 1_048_576;

const [set = "", uri = "", database = ""] = process.argv.slice(2);
const base = { clock: systemClock, random: systemRandom, log: silentLogger };
const named = { set: setIdSchema.parse(set), region: "syd", uri, database, owner: "holder", writers: 1 };
await using store = await openMongoStore({ ...base, ...named });
const startedAt = performance.now();
await using live = openDirectory({ ...base, stores: [store] });
const directory = await live.ready(new AbortController().signal);
const loadMs = Math.round(performance.now() - startedAt);
if (directory === undefined) throw new Error("There is no directory to hold");
await systemClock.sleep(SETTLE_MS);
const rssLoadedMb = megabytes();

const draw = (): number => systemRandom.fraction();
const tookNs = new Float64Array(LOOKUPS);
const now = systemClock.now();
let found = 0;
for (let done = 0; done < LOOKUPS; done += AT_ONCE) {
  const asked = Array.from({ length: AT_ONCE }, () => planLookup(draw));
  for (const [i, { account, message }] of asked.entries()) {
    const before = performance.now();
    const price = directory.price(account, message, now);
    tookNs[done + i] = (performance.now() - before) * NS_PER_MS;
    if (price !== undefined) found += 1;
  }
  await systemClock.sleep(0);
}
tookNs.sort();
const nth = (share: number): number => tookNs[Math.floor(share * (LOOKUPS - 1))] ?? Number.NaN;
await systemClock.sleep(SETTLE_MS);
const held: Held = {
  ...{ loadMs, rssLoadedMb, rssUsedMb: megabytes(), lookups: LOOKUPS, found },
  lookupNs: { p50: nth(0.5), p99: nth(0.99) },
};
process.stdout.write(`${JSON.stringify(held)}\n`);
process.exit(0);

function megabytes(): number {
  return Math.round(process.memoryUsage().rss / MEGABYTE);
}
