/**
 * The messages of the end-to-end tests: every class, one and several segments, GSM-7 and Unicode, each text its own.
 */
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { MessageClass } from "#domain/lane.ts";

export interface SampleMessage {
  readonly to: string;
  readonly from: string;
  readonly text: string;
  readonly class: MessageClass;
  /** As many parts as the provider must see. */
  readonly segments: number;
}

/** Suffixes at which the simulator does something else than deliver. */
const MAGIC = /(?:0001|0002|0003|0058)$/;

const TEXTS: readonly ((n: number) => string)[] = [
  (n) => `Your code is ${n}`,
  (n) => `Order ${n}: ${"parcel on its way, ".repeat(14)}[${n}] {~}`,
  (n) => `Привет, это сообщение ${n}`,
  (n) => `${n} 🐦 ${"Küstenschnepfe 🛫 nach Neuseeland ".repeat(5)}`,
  (n) => `Price €${n} for "tea" \\ ^|`,
];
const CLASSES: readonly MessageClass[] = ["bulk", "transactional", "bulk", "alert"];

/** `count` messages to as many handsets, the same ones every time. */
export function sampleMessages(count: number, from: string): readonly SampleMessage[] {
  const messages: SampleMessage[] = [];
  for (let n = 0; messages.length < count; n++) {
    const to = `+614${(10_000_000 + n * 7).toString().padStart(8, "0")}`;
    if (MAGIC.test(to)) continue;
    const text = (TEXTS[n % TEXTS.length] ?? String)(n);
    const messageClass = CLASSES[n % CLASSES.length] ?? "bulk";
    messages.push({ to, from, text, class: messageClass, segments: segmentText(text).parts.length });
  }
  return messages;
}
