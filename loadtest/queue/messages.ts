/**
 * The messages of the queue bench: inbox items as an edge makes them, ~400 bytes of JSON each with its id. Texts are
 * words and codes, two segments long, and all differ within a megabyte, so that nothing compresses better here than in
 * production. A message is known by its number, which its recipient's phone number carries.
 */
import { type SendKey, sendKeyId } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { type AccountId, accountIdSchema, type SetId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import type { MessageClass } from "#domain/lane.ts";
import { indexOfNumber, loadMessage, numberOfIndex } from "../generator/load-message.ts";
import { mint, SET } from "./rig.ts";

/** The one busy account. */
export const ACCOUNT: AccountId = accountIdSchema.parse("wholesale_demo");
const FROM = "Godwit" as Sender;
/** 4,096 texts of ~260 bytes are a megabyte: far beyond any block that is compressed as one. */
const TEXTS = 4_096;
/** With them an item takes 400 bytes on average. */
const TEXT_CHARS = { min: 202, max: 280 } as const;
/** Half of the sends carry an Idempotency-Key. */
const KEYED_EVERY = 2;

export interface BenchMessages {
  next(): InboxItem;
  take(count: number): readonly InboxItem[];
  /** How many there are so far: their numbers are those below. */
  readonly count: number;
}

/** `textChars` shortens the texts where a backlog has to fit a disk; `firstIndex` numbers the first; ids name `set`. */
export function createMessages({
  messageClass = "bulk",
  textChars,
  account = ACCOUNT,
  firstIndex = 0,
  set = SET,
}: {
  readonly messageClass?: MessageClass;
  readonly textChars?: number;
  readonly account?: AccountId;
  readonly firstIndex?: number;
  readonly set?: SetId;
} = {}): BenchMessages {
  const texts = sampleTexts(textChars);
  let count = 0;
  function next(): InboxItem {
    const index = firstIndex + count++;
    const { text, segments } = texts[index % texts.length] ?? { text: "", segments: 1 };
    const to = numberOfIndex(index) as E164;
    const id = mint.messageId(set);
    return { id, account, to, from: FROM, text, class: messageClass, encoding: "gsm7", segments };
  }
  return {
    get count() {
      return count;
    },
    next,
    take: (wanted) => Array.from({ length: wanted }, next),
  };
}

/** The message's number; throws for one that no bench has made. */
export function indexOf(item: { readonly to: string }): number {
  const index = indexOfNumber(item.to);
  if (index === undefined) throw new Error(`Cannot be a message of this bench: ${item.to}`);
  return index;
}

/** The key record of a keyed send; undefined for the other half. The fingerprint is as long as a SHA-256 in base 64. */
export function keyOf(item: InboxItem): SendKey | undefined {
  if (indexOf(item) % KEYED_EVERY !== 0) return undefined;
  const fingerprint = (mint.unique() + mint.unique()).slice(0, 43);
  const id = sendKeyId(item.account, `order-${item.id.slice(-26)}`);
  return { id, record: { fingerprint, ids: [item.id], at: systemClock.now() } };
}

function sampleTexts(chars?: number): readonly { readonly text: string; readonly segments: number }[] {
  const { min, max } = chars === undefined ? TEXT_CHARS : { min: chars, max: chars };
  return Array.from({ length: TEXTS }, (_, i) => {
    const length = min + ((i * 37) % (max - min + 1));
    const text = `${loadMessage(2 * i).text} ${loadMessage(2 * i + 1).text}`.slice(0, length).trimEnd();
    return { text, segments: segmentText(text).parts.length };
  });
}
