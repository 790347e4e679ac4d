/** What `godwit sets reconcile` does with a set that it could not look through: sets in memory, a clock that stands. */
import { expect, test } from "bun:test";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { BACK_MS } from "../reporting/reconcile/walk-waiting.ts";
import type { ReportsDatabase } from "../reporting/reports-database.ts";
import { reconcile } from "./sets-reconcile.ts";

const set = "syd1" as SetId;
/** PostgreSQL has read nothing that the set lacks. */
const answer = { rows: [], count: 0 };
const reports = { run: async () => answer } as unknown as ReportsDatabase;

test("a set with a chunk that nobody could look at stays marked, and the refusal says when to come back", async () => {
  const clock = createManualClock();
  clock.advance(Date.UTC(2026, 2, 1, 10));
  const mint = createIdMint({ clock, random: systemRandom });
  const store = createMemoryStore({ set, region: "syd", clock, random: systemRandom });
  await putDirectory([store], { accounts: [], routes: [], numbers: [] });
  await store.commit({ chunks: [{ id: mint.chunkId(), lane: lanes.inbox("bulk"), items: [{}], delayMs: 60_000 }] });
  await store.declareStanding("restored");
  const said: string[] = [];
  const context = {
    stores: [store],
    clock,
    mint,
    owner: "test",
    actor: "test",
    say: (line: string) => void said.push(line),
  };
  const run = () => reconcile(context, { reports, set, accept: false });
  const refusal = /1 chunks are delayed or held.* Nothing was put back yet: run it again, and not within 120 s/;
  await expect(run()).rejects.toThrow(refusal);
  expect(await store.standing()).toBe("restored");
  clock.advance(BACK_MS);
  await run();
  expect([await store.standing(), said.at(-1)]).toEqual(["in_service", "syd1 is in service again."]);
});
