/**
 * What one step of the edge holds: the `accepted` event of every message, one chunk per class on lane `inbox.<class>`,
 * and the names that keyed requests take. Pure but for the ids, which are minted here because they start with the id of
 * the chosen set.
 */
import { fence } from "#core/directory/keyed-set.ts";
import { fitChunks } from "#core/store/chunk-bounds.ts";
import type { NewChunk, SendKey, SendKeyId, Step } from "#core/store/store.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { TextEncoding } from "#domain/encoding/segment-text.ts";
import type { ConcatPlace, EventOf, MessageEvent, ReceiptWish } from "#domain/event.ts";
import type { AccountId, IdMint, MessageId, SetId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import { lanes, type MessageClass, messageClasses } from "#domain/lane.ts";

/** The messages of one request: one text to one or more recipients. Validated. */
export interface Submission {
  readonly account: AccountId;
  readonly class: MessageClass;
  readonly from: Sender;
  /** In the caller's order; the ids come back in the same. */
  readonly to: readonly E164[];
  readonly text: string;
  readonly encoding: TextEncoding;
  readonly segments: number;
  readonly clientReference?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly expireAt?: number;
  /** Not before then it is taken up; milliseconds since the epoch. */
  readonly notBefore?: number;
  /** Absent: no receipt goes to the account's binds. */
  readonly receipt?: ReceiptWish;
  /** Its sender is given one id for all of it: that of the first message. */
  readonly grouped?: true;
  /** It is one part of what its sender has cut up. */
  readonly concat?: ConcatPlace;
}

/** JSON of an inbox item or an `accepted` event with every field at its longest, without the free texts. */
const RECORD_BYTES = 360;

/** What its schedule, its receipt and its place among parts add to either. */
const SCHEDULE_BYTES = 30;
const RECEIPT_BYTES = 100;
const CONCAT_BYTES = 60;

/** Upper bound of the JSON of one inbox item, in bytes. All items of a submission are as long as each other. */
export function itemBytes({ text, notBefore, receipt, concat }: Submission): number {
  const extras = [
    [notBefore, SCHEDULE_BYTES],
    [receipt, RECEIPT_BYTES],
    [concat, CONCAT_BYTES],
  ] as const;
  const more = extras.reduce((sum, [extra, bytes]) => sum + (extra === undefined ? 0 : bytes), 0);
  return RECORD_BYTES + more + jsonBytes(text);
}

/** Upper bound of the JSON of one `accepted` event, in bytes. */
export function eventBytes(submission: Submission): number {
  let bytes = itemBytes(submission) + jsonBytes(submission.clientReference ?? "");
  for (const [key, value] of Object.entries(submission.metadata ?? {})) {
    bytes += key.length + jsonBytes(value) + '"":"",'.length;
  }
  return bytes;
}

/** UTF-8 bytes inside JSON quotes; control characters but the short escapes never get here (see schema.ts). */
function jsonBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) bytes += 2;
    else if (unit > 0x7f || unit < 0x20 || unit === 0x22 || unit === 0x5c) bytes += 1;
  }
  return bytes;
}

/** What one request puts into a step. */
export type StepPart =
  /** Without a key it takes no names. */
  | {
      readonly type: "messages";
      readonly submission: Submission;
      readonly names: readonly SendKeyId[];
      readonly fingerprint: string;
    }
  /** No messages: names that are closed. */
  | { readonly type: "fence"; readonly names: readonly SendKeyId[] };

export interface PlannedStep {
  readonly step: Step;
  /** By part, each in the order of its recipients. */
  readonly ids: readonly (readonly MessageId[])[];
}

/** Mints the ids for `set` and lays out the step. `parts` share their urgency, and no name is in two of them. */
export function planStep(
  parts: readonly StepPart[],
  options: { readonly set: SetId; readonly at: number; readonly urgent: boolean; readonly mint: IdMint },
): PlannedStep {
  const { set, at, mint, urgent } = options;
  const events: MessageEvent[] = [];
  const runs = new Map<string, InboxRun>();
  const bytesOf = new Map<string, number>();
  const ids = parts.map((part) => {
    if (part.type === "fence") return [];
    const { submission } = part;
    const bytes = itemBytes(submission);
    const { items } = runOf(runs, submission, at);
    const minted = submission.to.map(() => mint.messageId(set));
    for (const [i, id] of minted.entries()) {
      const to = submission.to[i] as E164;
      const receiptId = submission.grouped && minted.length > 1 ? minted[0] : undefined;
      events.push({ ...toAccepted(submission, id, to, at), ...(receiptId !== undefined && { receiptId }) });
      items.push(toInboxItem(submission, id, to));
      bytesOf.set(id, bytes);
    }
    return minted;
  });
  const byUrgency = [...runs.values()].sort((a, b) => rankOf(a.messageClass) - rankOf(b.messageClass));
  const chunks = byUrgency.flatMap(({ messageClass, delayMs, items }): readonly NewChunk[] =>
    fitChunks(items, (item) => bytesOf.get(item.id) ?? 0).map((run) => ({
      id: mint.chunkId(),
      lane: lanes.inbox(messageClass),
      items: run,
      ...(delayMs > 0 && { delayMs }),
    })),
  );
  const sendKeys = parts.flatMap((part, i) => toSendKeys(part, ids[i] ?? [], at));
  return { step: { events, chunks, urgent, ...(sendKeys.length > 0 && { sendKeys }) }, ids };
}

/** Items that share their chunks. */
interface InboxRun {
  readonly messageClass: MessageClass;
  readonly delayMs: number;
  readonly items: InboxItem[];
}

function runOf(runs: Map<string, InboxRun>, submission: Submission, at: number): InboxRun {
  const delayMs = Math.max(0, (submission.notBefore ?? at) - at);
  const key = `${submission.class} ${delayMs}`;
  const run = runs.get(key) ?? { messageClass: submission.class, delayMs, items: [] };
  runs.set(key, run);
  return run;
}

const rankOf = (messageClass: MessageClass): number => messageClasses.indexOf(messageClass);

function toSendKeys(part: StepPart, ids: readonly MessageId[], at: number): readonly SendKey[] {
  if (part.names.length === 0) return [];
  const record = part.type === "fence" ? fence(at) : { fingerprint: part.fingerprint, ids, at };
  return part.names.map((id) => ({ id, record }));
}

function toAccepted(submission: Submission, message: MessageId, to: E164, at: number): EventOf<"accepted"> {
  const { account, from, text, encoding, segments, clientReference, metadata, expireAt } = submission;
  const { notBefore, receipt, concat } = submission;
  return {
    type: "accepted",
    message,
    at,
    account,
    to,
    from,
    text,
    class: submission.class,
    encoding,
    segments,
    ...(clientReference !== undefined && { clientReference }),
    ...(metadata !== undefined && { metadata }),
    ...(expireAt !== undefined && { expireAt }),
    ...(notBefore !== undefined && { notBefore }),
    ...(receipt !== undefined && { receipt }),
    ...(concat !== undefined && { concat }),
  };
}

function toInboxItem(submission: Submission, id: MessageId, to: E164): InboxItem {
  const { account, from, text, encoding, segments, expireAt, notBefore, receipt, concat } = submission;
  return {
    id,
    account,
    to,
    from,
    text,
    class: submission.class,
    encoding,
    segments,
    ...(expireAt !== undefined && { expireAt }),
    ...(notBefore !== undefined && { notBefore }),
    ...(receipt !== undefined && { notify: true }),
    ...(concat !== undefined && { concat }),
  };
}
