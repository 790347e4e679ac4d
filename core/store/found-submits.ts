/** What a look-up by provider id finds: the same list in every driver, whatever order its batches were read in. */
import type { MessageEvent } from "#domain/event.ts";
import type { ProviderId } from "#domain/ids.ts";
import type { SubmittedSegment } from "./store.ts";

/** The submits among these events that have one of these ids, by id, newest first. */
export function submitsById(
  events: Iterable<MessageEvent>,
  provider: ProviderId,
  ids: ReadonlySet<string>,
): Map<string, readonly SubmittedSegment[]> {
  const found = new Map<string, SubmittedSegment[]>();
  for (const event of events) {
    if (event.type !== "submitted" || event.provider !== provider || !ids.has(event.providerMessageId)) continue;
    const submits = found.get(event.providerMessageId);
    const { message, segment, at, notify } = event;
    const submit = { message, segment, at, ...(notify !== undefined && { notify }) };
    if (submits === undefined) found.set(event.providerMessageId, [submit]);
    else submits.push(submit);
  }
  for (const submits of found.values()) submits.sort(newestFirst);
  return found;
}

/** Of the same millisecond the greater id first, and the later segment: two who ask get one answer. */
export function newestFirst(one: SubmittedSegment, other: SubmittedSegment): number {
  const byTime = other.at - one.at;
  if (byTime !== 0) return byTime;
  if (one.message !== other.message) return one.message < other.message ? 1 : -1;
  return other.segment - one.segment;
}
