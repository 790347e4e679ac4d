import { heapStats } from "bun:jsc";
import { openDirectory } from "#core/directory/open-directory.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { systemClock } from "#domain/clock.ts";
import { setIdSchema } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { planLookup } from "./directory/plan-directory.ts";

const [set = "", uri = "", database = ""] = process.argv.slice(2);
const rss = () => Math.round(process.memoryUsage().rss / 1048576);
const base = { clock: systemClock, random: systemRandom, log: silentLogger };
const store = await openMongoStore({
  ...base,
  set: setIdSchema.parse(set),
  region: "syd",
  uri,
  database,
  owner: "holder",
  writers: 1,
});
await store.ping();
Bun.gc(true);
console.log("base", rss(), heapStats().heapSize >> 20);
const live = openDirectory({ ...base, stores: [store] });
const d = (await live.ready(new AbortController().signal))!;
console.log("loaded", rss(), heapStats().heapSize >> 20);
Bun.gc(true);
await Bun.sleep(1000);
Bun.gc(true);
console.log("collected", rss(), heapStats().heapSize >> 20);
const c = heapStats().objectTypeCounts;
console.log(
  Object.entries(c)
    .sort((a: any, b: any) => b[1] - a[1])
    .slice(0, 12),
);
const took = new Float64Array(100000);
let n = 0;
for (let k = 0; k < 100; k++) {
  const asked = Array.from({ length: 1000 }, () => planLookup(Math.random));
  for (const { account, message } of asked) {
    const t = Bun.nanoseconds();
    d.price(account, message, 1);
    took[n++] = Bun.nanoseconds() - t;
  }
}
took.sort();
console.log("p50", took[50000], "p99", took[99000]);
console.log("used", rss(), heapStats().heapSize >> 20);
Bun.gc(true);
await Bun.sleep(1000);
Bun.gc(true);
console.log("used collected", rss(), heapStats().heapSize >> 20);
process.exit(0);
