import { mkdtempSync } from "node:fs";
import { writeDirectory } from "#core/directory/write-directory.ts";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { planDirectory } from "./directory/plan-directory.ts";
import { openRig, SET } from "./queue/rig.ts";

const dataDir = mkdtempSync("/tmp/w10/bench-");
const opened = await openRig(
  { dataDir, signal: new AbortController().signal, say: console.log, seconds: 1, repetitions: 1 } as never,
  "directory",
);
const db = await opened.rig.openDatabase();
const store = await db.openStore({ writers: 1 });
const t = performance.now();
const written = await writeDirectory(
  { stores: [store], clock: systemClock, random: systemRandom, actor: "bench" },
  planDirectory(),
);
console.log(
  written.type,
  (written as any).why,
  "version" in written ? 0 : (written as any).directory?.version,
  Math.round(performance.now() - t),
  "ms",
);
console.log(JSON.stringify([SET, db.uri, db.name]));
process.stdin.resume();
await new Promise((r) => setTimeout(r, 900_000));
