/** The end of a run: everything acknowledged is final, the lanes are empty, PostgreSQL has caught up; or time is up. */
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { Platform } from "#testkit/platform.ts";
import { openReportsDatabase } from "../../reporting/reports-database.ts";
import { waitingOn } from "./faults/waiting-on.ts";
import type { EventWatch } from "./recorder/event-watch.ts";

const DRAIN_MS_MAX = 120_000;
const LOOK_EVERY_MS = 500;
/** `dead` is for people; a receipt that no message is known for is parked for days (invariant I13). */
const WORKED_OFF = /^(?!dead$|receipts$)/;

export interface Drain {
  /** Undefined when time was up. */
  readonly drainedMs: number | undefined;
  readonly open: readonly string[];
  readonly waiting: number;
  readonly projected: number;
}

export async function drain(deps: {
  readonly platform: Platform;
  readonly stores: readonly Store[];
  readonly watch: EventWatch;
  readonly clock: Clock;
}): Promise<Drain> {
  const { watch, clock, stores } = deps;
  const url = new URL(deps.platform.postgres.adminUri);
  url.pathname = "/godwit";
  await using database = openReportsDatabase({ url: url.href, connections: 1, name: "chaos" });
  const started = clock.monotonic();
  for (;;) {
    await watch.catchUp();
    const waiting = await waitingOn(stores, WORKED_OFF);
    const projected = await countProjected(database);
    const isDrained = watch.open.size === 0 && waiting === 0 && projected >= watch.finals;
    const ms = Math.round(clock.monotonic() - started);
    if (isDrained || ms > DRAIN_MS_MAX) {
      return { drainedMs: isDrained ? ms : undefined, open: [...watch.open.keys()], waiting, projected };
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
}

async function countProjected(database: ReturnType<typeof openReportsDatabase>): Promise<number> {
  try {
    const { rows } = await database.run(
      "select count(*)::int as count from report.messages where final_at is not null",
    );
    return Number(rows[0]?.count ?? 0);
  } catch {
    return 0;
  }
}
