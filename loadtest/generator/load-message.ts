/**
 * The messages of a load, each made from its number alone, so that whoever finds one again (at the provider, in the
 * log) can tell which it is and whether it is whole. 120-160 characters of GSM-7 in one segment, words and codes, so
 * that they compress as real texts do; numbers and texts all differ; classes mixed. Pure.
 */
import type { MessageClass } from "#domain/lane.ts";

export interface LoadMessage {
  readonly to: string;
  readonly text: string;
  readonly class: MessageClass;
}

/** +614 and eight digits: possible mobile numbers, and 100 million of them. */
const PREFIX = "+614";
const DIGITS = 8;
export const LOAD_MESSAGES_MAX = 10 ** DIGITS;
const TEXT_CHARS_MIN = 120;
const TEXT_CHARS_MAX = 160;
const FROM = "Godwit";
/** Of ten: what a wholesale gateway carries on a quiet day. */
const CLASSES: readonly MessageClass[] = [
  "bulk",
  "transactional",
  "bulk",
  "transactional",
  "alert",
  "bulk",
  "transactional",
  "bulk",
  "transactional",
  "bulk",
];
const WORDS = (
  "your order has left our store and will be with you today between noon and four please have code ready when the " +
  "driver calls dear customer payment of invoice number was received thank you appointment confirmed for reply STOP " +
  "to opt out balance account statement available at branch delivery window changed sorry about delay new time " +
  "security alert sign in from unknown device if this was not you ring us right away winter sale starts tomorrow"
).split(" ");

/** `index` counts from 0 to LOAD_MESSAGES_MAX - 1. */
export function loadMessage(index: number): LoadMessage {
  const random = xorshift(index);
  const length = TEXT_CHARS_MIN + (random() % (TEXT_CHARS_MAX - TEXT_CHARS_MIN + 1));
  let text = `Ref ${index.toString(36)} code ${random() % 1_000_000}:`;
  while (text.length < length) text += ` ${WORDS[random() % WORDS.length]}`;
  return {
    to: numberOfIndex(index),
    text: text.slice(0, length).trimEnd().padEnd(TEXT_CHARS_MIN, "."),
    class: CLASSES[index % CLASSES.length] ?? "bulk",
  };
}

export function numberOfIndex(index: number): string {
  return `${PREFIX}${String(index).padStart(DIGITS, "0")}`;
}

/** The index of the message to this number; undefined for a number that no load message has. */
export function indexOfNumber(to: string): number | undefined {
  if (!to.startsWith(PREFIX) || to.length !== PREFIX.length + DIGITS) return undefined;
  const index = Number(to.slice(PREFIX.length));
  return Number.isInteger(index) ? index : undefined;
}

/** One `POST /v1/messages`. All of it is ASCII, so characters are bytes. */
export function loadRequest(message: LoadMessage, server: { readonly host: string; readonly apiKey: string }): string {
  const body = JSON.stringify({ to: message.to, from: FROM, text: message.text, class: message.class });
  return (
    `POST /v1/messages HTTP/1.1\r\nhost: ${server.host}\r\nauthorization: Bearer ${server.apiKey}\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  );
}

function xorshift(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
