/** Gathers what an audit needs from a running platform, and waits until it has come to rest. */

import { type Store, StoreError } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents, isFinal, statusOf } from "#domain/fold.ts";
import { type MessageId, type SetId, setOfMessage, type WriterId } from "#domain/ids.ts";
import type { Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";
import { verify } from "../reporting/projector/verify.ts";
import { openReportsDatabase } from "../reporting/reports-database.ts";
import type { SeenSubmit } from "./audit.ts";

/** Everything acknowledged is final and projected by then, or the test fails: two elections and a lease, with room. */
const REST_MS = 120_000;
const READ_BATCHES = 1_000;
const LIVES_SHOWN = 3;

/** Follows the logs of all sets, as the projector does, with a position for each writer. */
export function followEvents(stores: readonly Store[]) {
  const events = new Map<string, MessageEvent[]>();
  const positions = new Map(stores.map((store) => [store, new Map<WriterId, number>()]));

  async function readOn(store: Store): Promise<void> {
    const after = positions.get(store) ?? new Map<WriterId, number>();
    for (const { writer } of await store.events.writers()) if (!after.has(writer)) after.set(writer, 0);
    for (;;) {
      const batches = await store.events.read(after, READ_BATCHES);
      for (const batch of batches) {
        after.set(batch.writer, batch.sequence);
        for (const event of batch.events) {
          const held = events.get(event.message);
          if (held === undefined) events.set(event.message, [event]);
          else held.push(event);
        }
      }
      if (batches.length === 0) return;
    }
  }
  return {
    events: events as ReadonlyMap<string, readonly MessageEvent[]>,
    async catchUp(): Promise<void> {
      // A set that is away has its say when it is back: whoever waits for its events waits on.
      for (const store of stores) await readOn(store).catch(rethrowUnlessAway);
    },
    /** A receipt may overtake the settle that says `submitted`: that was said when nothing is held for a provider. */
    async isSettled(sets: ReadonlySet<SetId>): Promise<boolean> {
      for (const store of stores.filter(({ set }) => sets.has(set))) {
        const depth = await store.depth().catch(rethrowUnlessAway);
        if (depth === undefined || [...depth.keys()].some((lane) => lane.startsWith("submit."))) return false;
      }
      return true;
    },
  };
}

function rethrowUnlessAway(error: unknown): undefined {
  if (!(error instanceof StoreError && error.retryable)) throw error;
  return undefined;
}

export type EventFollower = ReturnType<typeof followEvents>;

/**
 * Waits until every one of these messages has a final state, and connectors have said all they know. Fails with their
 * number and the lives of the first.
 */
export async function untilFinal(follower: EventFollower, ids: readonly string[]): Promise<void> {
  const open = (): readonly string[] =>
    ids.filter((id) => !isFinal(statusOf(foldEvents(follower.events.get(id) ?? []))));
  const sets = new Set(ids.map((id) => setOfMessage(id as MessageId)));
  const wait = until(
    `${ids.length} messages to be final`,
    REST_MS,
    async () => {
      const isSettled = await follower.isSettled(sets);
      await follower.catchUp();
      return (isSettled && open().length === 0) || undefined;
    },
    200,
  );
  await wait.catch((error: unknown) => {
    const lives = open()
      .slice(0, LIVES_SHOWN)
      .map((id) => `${id}: ${JSON.stringify(follower.events.get(id) ?? [])}`);
    throw new Error(`${open().length} messages are not final:\n${lives.join("\n")}`, { cause: error });
  });
}

export async function readSubmits(platform: Platform): Promise<readonly SeenSubmit[]> {
  const response = await fetch(`${platform.simulatorUrl}/submits`);
  const text = await response.text();
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as SeenSubmit]));
}

/**
 * Waits until PostgreSQL holds as many final messages, then compares all of it with the fold; returns the differences.
 */
export async function compareReports(platform: Platform, stores: readonly Store[], messages: number) {
  const url = new URL(platform.postgres.adminUri);
  url.pathname = "/godwit";
  await using database = openReportsDatabase({ url: url.href, connections: 1, name: "end-to-end test" });
  await until(
    `${messages} final messages in PostgreSQL`,
    REST_MS,
    async () => {
      const { rows } = await database.run(
        "select count(*)::int as count from report.messages where final_at is not null",
      );
      return Number(rows[0]?.count ?? 0) >= messages || undefined;
    },
    200,
  );
  return await verify({ database, stores });
}
