/**
 * What accounts are to be told goes on lane `deliver.<account>` of the message's own set, in the step that appends the
 * event which it is about. Pure but for the ids of chunks.
 */
import type { NewChunk } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, IdMint, MessageId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { DELIVER_HOURS_MAX } from "#domain/limits.ts";
import { type DeliverItem, endings, type Notice } from "#domain/notice.ts";
import { toChunks } from "./chunks.ts";

const HOUR_MS = 3_600_000;
const ENDINGS: ReadonlySet<string> = new Set(endings);

/** The accounts that wait for the end of these messages, by message. */
export type Waiting = ReadonlyMap<MessageId, AccountId>;

export function waitingOf(
  items: Iterable<{ readonly id: MessageId; readonly account: AccountId; readonly notify?: true | undefined }>,
): Waiting {
  const waiting = new Map<MessageId, AccountId>();
  for (const { id, account, notify } of items) if (notify === true) waiting.set(id, account);
  return waiting;
}

/** One for each event that may have ended a message that somebody waits for. */
export function noticesOf(events: readonly MessageEvent[], waiting: Waiting): readonly Notice[] {
  if (waiting.size === 0) return [];
  return events.flatMap((event) => {
    const account = waiting.get(event.message);
    return account === undefined ? [] : (noticeOf(event, account) ?? []);
  });
}

/** Whether a message may end with this event. */
export function isEnding(event: MessageEvent): boolean {
  return ENDINGS.has(event.type);
}

/** Undefined: nothing ends with this event. */
export function noticeOf(event: MessageEvent, account: AccountId): Notice | undefined {
  if (!isEnding(event)) return undefined;
  const about = { account, message: event.message, event: event.type as Notice["event"], at: event.at };
  return "segment" in event ? { ...about, segment: event.segment } : about;
}

export function noticeChunks(mint: IdMint, notices: readonly Notice[], now: number): readonly NewChunk[] {
  return deliverChunks(
    mint,
    notices.map((notice) => ({ ...notice, type: "receipt", since: now, tries: 0 })),
  );
}

/** They are given up, by whoever sweeps, when the first of them has waited for its time. */
export function deliverChunks(mint: IdMint, items: readonly DeliverItem[], delayMs?: number): readonly NewChunk[] {
  const byAccount = Map.groupBy(items, ({ account }) => account);
  return [...byAccount].flatMap(([account, some]) =>
    toChunks(mint, lanes.deliver(account), some, delayMs).map((chunk) => {
      const first = Math.min(...(chunk.items as readonly DeliverItem[]).map(({ since }) => since));
      return { ...chunk, actBy: first + DELIVER_HOURS_MAX * HOUR_MS };
    }),
  );
}

export function isGivenUp({ since }: Pick<DeliverItem, "since">, now: number): boolean {
  return now - since >= DELIVER_HOURS_MAX * HOUR_MS;
}
