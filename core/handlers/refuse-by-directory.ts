/**
 * What the directory has no place for is refused for good only when this process's copy must have seen what the edge
 * saw: the edge accepted the message by a copy that may be newer than ours by a refresh.
 */
import type { MessageId } from "#domain/ids.ts";
import type { Outcome } from "./handler.ts";

/** Copies are looked at every second; ten of them cover a slow set and clocks that are some seconds apart. */
export const DIRECTORY_LAG_MAX_MS = 10_000;
const RETRY_MS = 1_000;

export function refuseByDirectory(
  id: MessageId,
  now: number,
  refusal: { readonly reason: "no_route" | "no_price"; readonly detail: string },
): Outcome {
  // Of a clock that is further ahead than this, nothing can be learnt: no message may wait for it to be caught up with.
  const isYoung = Math.abs(now - acceptedAt(id)) < DIRECTORY_LAG_MAX_MS;
  return isYoung ? { type: "retry", afterMs: RETRY_MS } : { type: "reject", ...refusal };
}

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARS = 10;

/** The time in a message id, by the clock of the edge that made it. Not the chunk's: a retry is a new chunk. */
function acceptedAt(id: MessageId): number {
  const start = id.indexOf("-") + 1;
  return [...id.slice(start, start + TIME_CHARS)].reduce((ms, digit) => ms * DIGITS.length + DIGITS.indexOf(digit), 0);
}
