/**
 * What a process knows of its set's schema. States: unknown → current; or → outdated, in which nothing is done on the
 * set, → current when somebody has brought it up to date, without a restart. A schema newer than ours is current:
 * versions only add what older programs can live with, so a set is brought up to date before its programs are.
 */
import { MongoServerError } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import { StoreError } from "../store.ts";
import type { Collections, SchemaDocument } from "./documents.ts";
import { type Month, type OpenMonth, writtenMonth } from "./months.ts";
import type { SetClock } from "./set-clock.ts";

/** Of what schema.ts sets up. Raise it whenever that changes. A set without a `schema` document is of version 0. */
export const SCHEMA_VERSION = 3;

/** A set that is outdated is asked again this often at most. */
const ASK_AGAIN_MS = 1_000;
const UNAUTHORIZED = 13;
/** The rights of our role are older than this program. */
const UNREADABLE = -1;

export interface SetSchema {
  readonly isCurrent: boolean;
  /** Resolves if the set may be used; asks it while that is not known. Throws StoreError, or what the driver throws. */
  check(): Promise<void>;
  /** Asks the set anew, for its time too. Throws what the driver throws; an outdated schema is not an error here. */
  refresh(): Promise<void>;
  /** The month that new writers belong to, by the set's clock. Throws StoreError when the set has none. */
  month(): Month;
  months(): readonly OpenMonth[];
  /** See EventLog.keptSince. */
  keptSince(): number;
}

export function createSetSchema(deps: {
  readonly collections: Pick<Collections, "schema">;
  readonly clock: Clock;
  readonly setClock: SetClock;
  readonly log: Logger;
  readonly set: string;
}): SetSchema {
  const { clock, log, set, setClock } = deps;
  let isCurrent = false;
  let months: readonly OpenMonth[] = [];
  let keptSince = 0;
  /** Undefined while it was never read. */
  let version: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const startedAt = clock.monotonic();
    const found = await readSchema(deps.collections);
    const read = found === "unreadable" ? null : found;
    askedAt = clock.monotonic();
    if (read !== null) setClock.learn(read.now.getTime(), askedAt - startedAt);
    months = Object.entries(read?.months ?? {}).map(([month, openedAt]) => ({
      month: month as Month,
      openedAt: openedAt.getTime(),
    }));
    keptSince = read?.keptSince?.getTime() ?? 0;
    const before = version;
    version = found === "unreadable" ? UNREADABLE : (read?.version ?? 0);
    isCurrent = version >= SCHEMA_VERSION;
    if (version === before) return;
    if (!isCurrent) log.error("schema.outdated", { set, version, needed: SCHEMA_VERSION });
    else if (before !== undefined) log.info("schema.updated", { set, version });
  }

  return {
    get isCurrent() {
      return isCurrent;
    },
    async check() {
      if (isCurrent) return;
      if (clock.monotonic() - askedAt >= ASK_AGAIN_MS) {
        asking ??= refresh().finally(() => {
          asking = undefined;
        });
        await asking;
      }
      if (!isCurrent) throw outdated(set, version ?? 0);
    },
    refresh,
    month() {
      const month = writtenMonth(months, setClock.now());
      if (month === undefined) throw outdated(set, 0);
      return month;
    },
    months: () => months,
    keptSince: () => keptSince,
  };
}

async function readSchema({ schema }: Pick<Collections, "schema">) {
  try {
    return await schema.findOne<SchemaDocument & { readonly now: Date }>(
      { _id: "schema" },
      { projection: { version: 1, months: 1, keptSince: 1, now: "$$NOW" }, readConcern: { level: "majority" } },
    );
  } catch (error) {
    if (error instanceof MongoServerError && error.code === UNAUTHORIZED) return "unreadable";
    throw error;
  }
}

function outdated(set: string, version: number): StoreError {
  const older = `its schema is of version ${version} and this program needs ${SCHEMA_VERSION}`;
  const defect = version === UNREADABLE ? "our user may not read its schema" : older;
  const advice = "run 'godwit schema' on the set, with an administrator's connection string";
  return new StoreError("schema_outdated", `Cannot use ${set} as ${defect}: ${advice}`, { retryable: true });
}
