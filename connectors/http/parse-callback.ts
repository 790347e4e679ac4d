/** A provider's HTTP request about receipts or replies, as its link's settings read it. Pure. */
import { isGsm7 } from "#domain/encoding/gsm7.ts";
import type { InboundReceipt, InboundReply } from "../connector.ts";
import { readPointer, readText } from "./json-pointer.ts";
import type { Callbacks } from "./settings.ts";

export type Parsed<T> =
  | { readonly type: "items"; readonly items: readonly T[] }
  /** Nothing of it is taken: `problem` is for the person who set the provider up, and names no number and no text. */
  | { readonly type: "wrong"; readonly problem: string };

/** In one request; a provider that has more sends another. */
const ITEMS_MAX = 1_000;
const INTERNATIONAL = /^(?:\+|00)?([1-9][0-9]{8,14})$/;
/** Seconds since the epoch are less than this until the year 5138, milliseconds more since 1973. */
const EPOCH_MS_FROM = 1e11;

export function parseReceipts(
  values: unknown,
  mapping: NonNullable<Callbacks["receipts"]>,
  provider: string,
): Parsed<InboundReceipt> {
  return parseItems(values, mapping.items, (item) => {
    const id = readText(item, mapping.id);
    if (id === undefined) return `Nothing is at ${mapping.id}, where the message's id should be`;
    const word = readText(item, mapping.state);
    const state = word === undefined ? undefined : mapping.states.get(word.toLowerCase());
    if (state === undefined) {
      return `What is at ${mapping.state} is none of the states of this link: ${[...mapping.states.keys()].join(", ")}`;
    }
    const optional = (pointer: string | undefined): string | undefined =>
      pointer === undefined ? undefined : readText(item, pointer);
    const doneAt = toTime(optional(mapping.doneAt));
    return {
      ...{ provider, providerMessageId: id, rawProviderMessageId: id, state },
      error: optional(mapping.error) ?? "",
      ...(doneAt === undefined ? {} : { doneAt }),
      from: toAddress(optional(mapping.from) ?? ""),
      to: toAddress(optional(mapping.to) ?? ""),
    };
  });
}

export function parseReplies(
  values: unknown,
  mapping: NonNullable<Callbacks["replies"]>,
  received: { readonly provider: string; readonly receivedAt: number },
): Parsed<InboundReply> {
  return parseItems(values, mapping.items, (item) => {
    const from = readText(item, mapping.from);
    const to = readText(item, mapping.to);
    if (from === undefined || to === undefined)
      return `Nothing is at ${from === undefined ? mapping.from : mapping.to}`;
    // An empty message is one, too.
    const said = readPointer(item, mapping.text);
    if (typeof said !== "string" && typeof said !== "number") return `No text is at ${mapping.text}`;
    const text = String(said);
    const encoding = isGsm7(text) ? "gsm7" : "ucs2";
    return { ...received, from: toAddress(from), to: toAddress(to), text, encoding };
  });
}

function parseItems<T extends object>(
  values: unknown,
  pointer: string,
  parse: (item: unknown) => T | string,
): Parsed<T> {
  const found = readPointer(values, pointer);
  if (found === undefined) return { type: "wrong", problem: `Nothing is at ${pointer}` };
  const list = Array.isArray(found) ? found : [found];
  if (list.length > ITEMS_MAX) {
    return { type: "wrong", problem: `${list.length} items in one request: send at most ${ITEMS_MAX}` };
  }
  const items: T[] = [];
  for (const [i, item] of list.entries()) {
    const parsed = parse(item);
    if (typeof parsed === "string") return { type: "wrong", problem: `Item ${i + 1} of ${list.length}: ${parsed}` };
    items.push(parsed);
  }
  return { type: "items", items };
}

/** With "+" where it is a number with its country code; anything else stays as it came. */
function toAddress(address: string): string {
  const trimmed = address.trim();
  const digits = INTERNATIONAL.exec(trimmed)?.[1];
  return digits === undefined ? trimmed : `+${digits}`;
}

function toTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const at = Number.isFinite(number) ? (number < EPOCH_MS_FROM ? number * 1_000 : number) : Date.parse(text);
  return Number.isFinite(at) && at > 0 ? Math.round(at) : undefined;
}
