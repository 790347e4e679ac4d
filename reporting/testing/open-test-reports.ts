/** A fresh, migrated reports database for one test, and a set in memory to fill it from. */
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { migrate } from "../migrate.ts";
import { createSetProjection, type Reports, type SetProjection } from "../projector/project-set.ts";
import { postgresReports } from "../projector/write-batches.ts";
import { openReportsDatabase, type ReportsDatabase } from "../reports-database.ts";

export interface TestReports extends AsyncDisposable {
  readonly url: string;
  readonly database: ReportsDatabase;
  readonly reports: Reports;
}

/** Takes the test's servers over: they stop with what is returned. */
export async function openTestReports(
  servers: AsyncDisposable & { readonly postgresUri: string },
): Promise<TestReports> {
  await using stack = new AsyncDisposableStack();
  stack.use(servers);
  const database = stack.use(openReportsDatabase({ url: servers.postgresUri, connections: 4, name: "test" }));
  await migrate(database);
  const held = stack.move();
  const reports = postgresReports(database);
  return { url: servers.postgresUri, database, reports, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const TABLES = ["event", "message", "segment", "reply", "charge", "ledger_entry", "rollup_minute", "checkpoint"];

/** Empties every table, as if the schema were new. */
export async function emptyTables(database: ReportsDatabase): Promise<void> {
  await database.run(`TRUNCATE ${TABLES.map((table) => `godwit.${table}`).join(", ")}`);
}

export function openTestStore(set = "syd1"): Store {
  return createMemoryStore({ set: set as SetId, region: "test", clock: systemClock, random: systemRandom });
}

/** Commits each list as one event batch. Two lists in a row are of two writers where `stores` has two. */
export async function commitAll(
  stores: readonly Store[],
  batches: readonly (readonly MessageEvent[])[],
): Promise<void> {
  for (const [i, events] of batches.entries()) {
    const result = await stores[i % stores.length]?.commit({ events });
    if (result?.type !== "committed") throw new Error(`Cannot prepare the test as a commit ended '${result?.type}'`);
  }
}

/** Rounds until all is read. */
export async function drain(projection: SetProjection): Promise<void> {
  for (let result = await projection.round(); result !== "idle"; ) result = await projection.round();
}

export async function projectAll(database: ReportsDatabase, stores: readonly Store[]): Promise<void> {
  const reports = postgresReports(database);
  for (const store of stores) await drain(createSetProjection({ store, reports, clock: systemClock }));
}

/** Everything the projector wrote, as text, for comparing two databases or two moments. */
export async function dumpTables(database: ReportsDatabase): Promise<string> {
  const tables = ["event", "message", "segment", "reply", "rollup_minute", "checkpoint"];
  const dumps: string[] = [];
  for (const table of tables) {
    const { rows } = await database.run(`SELECT t::text AS row FROM godwit.${table} AS t ORDER BY t::text COLLATE "C"`);
    dumps.push(table, ...rows.map((row) => String(row.row)));
  }
  return dumps.join("\n");
}
