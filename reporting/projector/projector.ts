/**
 * The projector: every set's events → the reports, for ever. One loop a set, so that a set that is away holds up no
 * other; any number of projectors may run at once, and they take turns. It reads the sets and writes nothing to them
 * but that they were restored. A set that is retired rests.
 */

import type { SetState } from "#core/directory/set-states.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { ReportsDatabaseError } from "../reports-database-error.ts";
import { GapError } from "./checkpoint.ts";
import { createSetProjection, type Reports, type SetProjection } from "./project-set.ts";
import type { SetMetrics } from "./projector-metrics.ts";

/**
 * People look at reports, not programs: a fifth of a second is at once, and costs a quiet set five small reads a
 * second.
 */
const POLL_MS = 200;
/** Another projector does the work: look again only often enough to take over soon after it has died. */
const STANDBY_MS = 2_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;

export interface ProjectorDeps {
  readonly stores: readonly Store[];
  readonly reports: Reports;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What each set is used for now; default: all are in use. */
  readonly stateOf?: (set: SetId) => SetState;
  readonly eventsPerRound?: number;
}

export interface Projector {
  /** Runs until `signal` aborts; a round in progress is finished first. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  readonly metrics: ReadonlyMap<SetId, SetMetrics>;
  /** Whether the last round of each set ended well. */
  readonly healthy: ReadonlyMap<SetId, boolean>;
}

export function createProjector(deps: ProjectorDeps): Projector {
  const metrics = new Map<SetId, SetMetrics>();
  const healthy = new Map<SetId, boolean>();
  const sets = deps.stores.map((store) => {
    const projection = createSetProjection({ ...deps, store });
    metrics.set(store.set, projection.metrics);
    healthy.set(store.set, false);
    return { set: store.set, projection };
  });
  return {
    metrics,
    healthy,
    async run(signal) {
      await Promise.all(sets.map(({ set, projection }) => runSet({ ...deps, set, projection, healthy, signal })));
    },
  };
}

interface SetLoop extends ProjectorDeps {
  readonly set: SetId;
  readonly projection: SetProjection;
  readonly healthy: Map<SetId, boolean>;
  readonly signal: AbortSignal;
}

async function runSet({ set, projection, healthy, signal, clock, random, log, stateOf }: SetLoop): Promise<void> {
  let failed: string | undefined;
  let failures = 0;
  let isCaughtUp = false;
  while (!signal.aborted) {
    if (stateOf?.(set) === "retired") {
      healthy.set(set, true);
      await clock.sleep(STANDBY_MS, signal);
      continue;
    }
    try {
      const result = await projection.round();
      if (failed !== undefined && isSetError(failed)) log.info("set.recovered", { set });
      failed = undefined;
      failures = 0;
      healthy.set(set, true);
      if (result === "idle" && !isCaughtUp) log.info("project.caught_up", { set, batches: projection.metrics.batches });
      isCaughtUp = result === "idle" || (isCaughtUp && result === "full");
      if (result !== "full") await clock.sleep(result === "idle" ? POLL_MS : STANDBY_MS, signal);
    } catch (error) {
      const code = codeOf(error);
      if (code !== failed) logFailure({ set, log }, code, error);
      failed = code;
      isCaughtUp = false;
      healthy.set(set, false);
      const cap = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures++, 10));
      await clock.sleep(cap / 2 + (cap / 2) * random.fraction(), signal);
    }
  }
}

const isSetError = (code: string): boolean => code.startsWith("store_") || code === "writer_fenced";

/** The code of an error we know. Whatever else it is, the set's loop goes on trying: a restart would do no better. */
function codeOf(error: unknown): string {
  if (error instanceof StoreError || error instanceof ReportsDatabaseError || error instanceof GapError) {
    return error.code;
  }
  return "defect";
}

function logFailure(context: { readonly set: SetId; readonly log: Logger }, code: string, error: unknown): void {
  const { set, log } = context;
  if (isSetError(code)) log.error("set.unreachable", { set, code, doing: "read events" });
  else log.error("project.failed", { set, code });
  if (code !== "defect" && !(error instanceof GapError)) return;
  log.error("defect", { where: `project ${set}`, error: error instanceof Error ? error.message : String(error) });
}
