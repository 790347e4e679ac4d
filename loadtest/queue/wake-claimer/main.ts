/**
 * The claimer of the wake-up measurement, a process of its own as a worker is: it waits at its bell, claims what has
 * come, and says when it had it. Its plan is JSON on standard input, one JSON line a chunk its output. It ends when it
 * has had all chunks, or when its time is over.
 */
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { ClaimedLine, ClaimerPlan } from "../wake.ts";

/**
 * As core/worker/lane-loop.ts: lanes are looked at this often, however quiet it is, or while the bell is out of
 * order.
 */
const IDLE_LOOK_MS = 500;
const POLL_MS = 40;
const LEASE_MS = 15_000;

const plan = (await Bun.stdin.json()) as ClaimerPlan;
const { set, region, uri, database, lane } = plan;
const process = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "claimer", writers: 1 };
await using store = await openMongoStore({ set, region, uri, database, ...process });
using bell = store.bell([lane], { pollMs: POLL_MS });
const over = AbortSignal.timeout(plan.seconds * 1_000);
const say = (line: ClaimedLine): void => console.log(JSON.stringify(line));
let chunks = 0;
let isReady = false;
while (chunks < plan.chunks && !over.aborted) {
  const holds = await store.claim({ lanes: [lane], itemsMax: 1, leaseMs: LEASE_MS, owner: "claimer", markAhead: 0 });
  const at = performance.timeOrigin + performance.now();
  for (const { lease } of holds) say({ chunk: lease.chunk, at });
  chunks += holds.length;
  if (holds.length > 0) await store.commit({ acks: holds.map(({ lease }) => lease) });
  else await bell.wait(IDLE_LOOK_MS, over);
  if (!isReady) say({ chunk: "ready", at });
  isReady = true;
}
