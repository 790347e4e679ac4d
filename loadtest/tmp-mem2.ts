import process from "node:process";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { systemClock } from "#domain/clock.ts";
import { setIdSchema } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";

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
console.log("base", rss());
let n = 0;
for await (const page of store.directory.records()) n += page.records.length;
console.log("read only", n, rss());
let m = 0;
for await (const page of store.directory.records())
  for (const r of page.records) m += JSON.parse(r.body).id?.length ?? 0;
console.log("read and JSON", m, rss());
process.exit(0);
