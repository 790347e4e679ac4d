/**
 * `godwit dead`: what an operator sees and does of the items that could not be processed. Sets are asked one after the
 * other; one that cannot be reached is named, and the others are served. Every action returns whether all of it worked.
 */
import { type Store, StoreError } from "#core/store/store.ts";
import {
  type DeadDeps,
  type DeadEntry,
  type DeadOutcome,
  discardDead,
  readDead,
  retryDead,
} from "#core/worker/dead-items.ts";
import type { ChunkId } from "#domain/ids.ts";
import { entryJson, entryLine, entryWhole, outcomeLine } from "./dead-lines.ts";

/** Lines of a list for people; programs (--json) get all of it. */
const LIST_LINES_MAX = 1_000;

export interface DeadContext extends Omit<DeadDeps, "store"> {
  readonly stores: readonly Store[];
  /** A line for whoever asked. */
  readonly out: (line: string) => void;
  /** A line on what did not work. */
  readonly err: (line: string) => void;
}

export interface ListOptions {
  /** Only what died there. */
  readonly lane?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function listDead(context: DeadContext, { lane, json = false }: ListOptions): Promise<boolean> {
  let lines = 0;
  const answered = await eachSet(context, async (store) => {
    for await (const entry of readDead(store)) {
      if (lane !== undefined && entry.item?.lane !== lane) continue;
      if (json) context.out(JSON.stringify(entryJson(store.set, entry)));
      else if (lines < LIST_LINES_MAX) context.out(entryLine(store.set, entry));
      lines += 1;
      if (!json && lines > LIST_LINES_MAX) break;
    }
  });
  if (!json && lines > LIST_LINES_MAX) context.err(`There are more: ask for one set, one lane, or with --json.`);
  if (!json && lines === 0 && answered) context.err("No dead items.");
  return answered;
}

export async function showDead(context: DeadContext, chunk: ChunkId): Promise<boolean> {
  let isFound = false;
  const answered = await eachSet(context, async (store) => {
    const entry = isFound ? undefined : await find(store, chunk);
    if (entry === undefined) return;
    isFound = true;
    context.out(entryWhole(store.set, entry));
  });
  if (!isFound) context.err(outcomeLine(chunk, { type: "not_found" }, ""));
  return isFound && answered;
}

async function find(store: Store, chunk: ChunkId): Promise<DeadEntry | undefined> {
  for await (const entry of readDead(store)) {
    if (entry.chunk === chunk) return entry;
    if (entry.chunk > chunk) return undefined;
  }
  return undefined;
}

export function retryThese(context: DeadContext, chunks: readonly ChunkId[]): Promise<boolean> {
  return settleThese(context, chunks, { settle: retryDead, done: "back on its lane" });
}

export function discardThese(context: DeadContext, chunks: readonly ChunkId[]): Promise<boolean> {
  return settleThese(context, chunks, { settle: discardDead, done: "thrown away" });
}

/** Everything that lies dead of a lane now: what dies again meanwhile is left for another time. */
export async function retryLane(context: DeadContext, lane: string): Promise<boolean> {
  const counts = { done: 0, left: 0 };
  const answered = await eachSet(context, async (store) => {
    const chunks: ChunkId[] = [];
    for await (const { chunk, item } of readDead(store)) if (item?.lane === lane) chunks.push(chunk);
    for (const [chunk, outcome] of await retryDead({ ...context, store }, chunks)) {
      if (outcome.type === "done") counts.done += 1;
      else {
        counts.left += 1;
        context.err(outcomeLine(chunk, outcome, ""));
      }
    }
  });
  context.out(`${counts.done} back on lane ${lane}, ${counts.left} left where they are.`);
  return answered && counts.left === 0;
}

interface Settling {
  readonly settle: (deps: DeadDeps, chunks: readonly ChunkId[]) => Promise<ReadonlyMap<ChunkId, DeadOutcome>>;
  readonly done: string;
}

/** The id of a chunk does not tell its set: each is asked for what the ones before it did not have. */
async function settleThese(
  context: DeadContext,
  chunks: readonly ChunkId[],
  { settle, done }: Settling,
): Promise<boolean> {
  const outcomes = new Map<ChunkId, DeadOutcome>(chunks.map((chunk) => [chunk, { type: "not_found" }]));
  for (const store of context.stores) {
    const open = [...outcomes].flatMap(([chunk, { type }]) =>
      type === "not_found" || type === "failed" ? [chunk] : [],
    );
    for (const [chunk, outcome] of await settle({ ...context, store }, open)) {
      if (outcome.type !== "not_found") outcomes.set(chunk, outcome);
    }
  }
  for (const [chunk, outcome] of outcomes) {
    (outcome.type === "done" ? context.out : context.err)(outcomeLine(chunk, outcome, done));
  }
  return [...outcomes.values()].every(({ type }) => type === "done");
}

/** True: every set answered. */
async function eachSet(context: DeadContext, ask: (store: Store) => Promise<void>): Promise<boolean> {
  let answered = true;
  for (const store of context.stores) {
    try {
      await ask(store);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      answered = false;
      context.err(`Set ${store.set} did not answer (${error.code}): nothing is known of its dead items.`);
    }
  }
  return answered;
}
