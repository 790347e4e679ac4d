/** Dead items for people and for programs: one line each. Pure. */
import { type DeadEntry, type DeadOutcome, messageOfDead } from "#core/worker/dead-items.ts";
import type { ChunkId, SetId } from "#domain/ids.ts";

/** The beginning of an error, on one line; the whole of it is in `dead show`. */
const ERROR_CHARS_MAX = 100;
const UNREADABLE = "(unreadable)";

/** As one JSON object; times as RFC 3339. No texts and no numbers of customers: these are in `dead show`. */
export function entryJson(set: SetId, { chunk, item, enqueuedAt }: DeadEntry): object {
  if (item === undefined) return { set, chunk, lane: null, died_at: toTime(enqueuedAt), error: UNREADABLE };
  const { lane, error, deliveries } = item;
  const times = { enqueued_at: toTime(item.enqueuedAt), died_at: toTime(item.diedAt) };
  return { set, chunk, lane, message: messageOfDead(item) ?? null, ...times, deliveries, error };
}

/** Everything that is stored, texts and numbers too. */
export function entryWhole(set: SetId, entry: DeadEntry): string {
  return JSON.stringify({ ...entryJson(set, entry), stored: entry.raw }, undefined, 2);
}

/** `chunk set lane died message error`. */
export function entryLine(set: SetId, { chunk, item, enqueuedAt }: DeadEntry): string {
  if (item === undefined) return [chunk, set, UNREADABLE, toTime(enqueuedAt), "-", "-"].join("  ");
  const error = item.error.replaceAll(/\s+/g, " ").slice(0, ERROR_CHARS_MAX);
  return [chunk, set, item.lane, toTime(item.diedAt), messageOfDead(item) ?? "-", error].join("  ");
}

/** What became of it, in a sentence. */
export function outcomeLine(chunk: ChunkId, outcome: DeadOutcome, done: string): string {
  switch (outcome.type) {
    case "done":
      return `${chunk}: ${done}`;
    case "not_found":
      return `${chunk}: not found on lane dead, or somebody else has it in hand`;
    case "unreadable":
      return `${chunk}: left where it is, ${outcome.why.replaceAll(/\s+/g, " ")}`;
    case "failed":
      return outcome.code === "unknown"
        ? `${chunk}: nobody can tell yet whether that worked: look again in a moment`
        : `${chunk}: left where it is, the set could not do it (${outcome.code}): try again`;
  }
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
