/** Events for the tests of the reports: one ordinary life of a message, and arbitrary ones for properties. */
import fc from "fast-check";
import { type MessageEvent, messageEventSchema } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";

/** 2026-03-01T10:00:00Z. */
export const START = Date.UTC(2026, 2, 1, 10);

/** `sampleId("syd1", 7)`: ids that tests can write down. */
export function sampleId(set: string, number: number): MessageId {
  return `${set}-01kjm${`${number}`.padStart(21, "0")}` as MessageId;
}

/** The id of a chunk on lane `dead`. */
function sampleBurial(number: number): string {
  return `01kjm${`${number}`.padStart(21, "0")}`;
}

type Sample = { readonly type: MessageEvent["type"]; readonly message: MessageId; readonly at: number } & Record<
  string,
  unknown
>;

const defaults: Readonly<Record<MessageEvent["type"], object>> = {
  accepted: {
    account: "acme",
    to: "+61412345678",
    from: "+61400111222",
    text: "Your parcel\tis \\here\\",
    class: "transactional",
    encoding: "gsm7",
    segments: 1,
  },
  routed: { attempt: 1, provider: "telia", prefix: "+61", candidates: [{ prefix: "+", provider: "world" }] },
  billed: {
    account: "acme",
    prefix: "+61",
    segments: 1,
    priceMicros: "45000",
    totalMicros: "45000",
    currency: "AUD",
  },
  refunded: { segment: 0, levels: [{ account: "acme", micros: "45000", currency: "AUD" }] },
  rejected: { reason: "no_route", detail: "No route to +61" },
  requeued: { burial: sampleBurial(1) },
  discarded: { burial: sampleBurial(1) },
  submitted: { segment: 0, attempt: 1, provider: "telia", providerMessageId: "t1" },
  refused: { segment: 0, attempt: 1, provider: "telia", status: 11 },
  in_doubt: { segment: 0, attempt: 1, provider: "telia", reason: "link_lost", policy: "resend" },
  delivered: { segment: 0, provider: "telia", providerMessageId: "t1", error: "000" },
  undelivered: { segment: 0, provider: "telia", providerMessageId: "t1", error: "001" },
  expired: { segment: 0, provider: "telia", providerMessageId: "t1", error: "034" },
  unknown: { segment: 0, provider: "telia", providerMessageId: "t1", error: "" },
  lapsed: { segments: [0] },
  replied: {
    reply: "r1",
    provider: "telia",
    from: "+61412345678",
    to: "+61400111222",
    text: "ok",
    part: 1,
    parts: 1,
  },
};

/** One event with the given fields and ordinary ones for the rest. */
export function sampleEvent(fields: Sample): MessageEvent {
  return messageEventSchema.parse({ ...defaults[fields.type], ...fields });
}

/** accepted, routed, billed, submitted, delivered; `at` is the moment of acceptance. */
export function deliveredLife(message: MessageId, at: number, accepted: object = {}): readonly MessageEvent[] {
  return [
    sampleEvent({ type: "accepted", message, at, ...accepted }),
    sampleEvent({ type: "routed", message, at: at + 20 }),
    sampleEvent({ type: "billed", message, at: at + 20 }),
    sampleEvent({ type: "submitted", message, at: at + 100 }),
    sampleEvent({ type: "delivered", message, at: at + 2_100 }),
  ];
}

const texts = fc.constantFrom("hello", "tab\tnew\nline", 'quote " and \\N', "", "é€🙂", "\0nul", "\ud800half", "{a,b}");
const segments = fc.integer({ min: 0, max: 2 });
const receiptFields = {
  segment: segments,
  providerMessageId: fc.constantFrom("t1", "t2"),
  error: fc.constantFrom("", "000", "0\t1"),
};

const burials = fc.constantFrom(sampleBurial(1), sampleBurial(2));

const byType: readonly fc.Arbitrary<Record<string, unknown>>[] = [
  fc.record({
    type: fc.constant("accepted"),
    account: fc.constantFrom("acme", "zeta"),
    text: texts,
    segments: fc.integer({ min: 1, max: 3 }),
    class: fc.constantFrom("alert", "bulk"),
    metadata: fc.option(fc.dictionary(fc.constantFrom("a", "b"), texts), { nil: undefined }),
    clientReference: fc.option(texts, { nil: undefined }),
  }),
  fc.record({
    type: fc.constant("routed"),
    attempt: fc.integer({ min: 1, max: 3 }),
    provider: fc.constantFrom("telia", "optus"),
  }),
  fc.record({ type: fc.constant("billed"), totalMicros: fc.constantFrom("45000", "90000") }),
  fc.record({
    type: fc.constant("billed"),
    above: fc.constantFrom(
      [sampleLevel("reseller", "40000")],
      [sampleLevel("reseller", "40000"), sampleLevel("top", "7")],
    ),
  }),
  fc.record({
    type: fc.constant("refunded"),
    segment: segments,
    levels: fc.constantFrom(
      [sampleRefund("acme")],
      [sampleRefund("acme"), sampleRefund("reseller")],
      [sampleRefund("top")],
    ),
  }),
  fc.record({ type: fc.constant("rejected"), reason: fc.constantFrom("no_route", "opted_out"), detail: texts }),
  fc.record({ type: fc.constant("rejected"), reason: fc.constant("poison"), burial: burials }),
  fc.record({ type: fc.constantFrom("requeued", "discarded"), burial: burials }),
  fc.record({ type: fc.constant("submitted"), segment: segments, providerMessageId: fc.constantFrom("t1", "t2") }),
  fc.record({ type: fc.constant("refused"), segment: segments, status: fc.constantFrom(8, 11) }),
  fc.record({ type: fc.constant("in_doubt"), segment: segments, reason: fc.constantFrom("link_lost", "takeover") }),
  fc.record({ type: fc.constantFrom("delivered", "undelivered", "expired", "unknown"), ...receiptFields }),
  fc.record({ type: fc.constant("lapsed"), segments: fc.uniqueArray(segments, { maxLength: 3 }) }),
  // The text of a part follows from its place: a reply's part never has two texts.
  fc
    .record({ reply: fc.constantFrom("r1", "r2"), part: fc.integer({ min: 1, max: 2 }) })
    .map(({ reply, part }) => ({ type: "replied", reply, part, parts: 2, text: `${reply} ${part}` })),
];

function sampleLevel(account: string, totalMicros: string) {
  return { account, prefix: "+6", rate: { list: account }, priceMicros: totalMicros, totalMicros, currency: "AUD" };
}
function sampleRefund(account: string) {
  return { account, micros: "45000", currency: "AUD" };
}

/**
 * Any event of one of `messages` messages of the set, at one of a few moments over three minutes, so that ties happen.
 */
export function anyEvent(set: string, messages: number): fc.Arbitrary<MessageEvent> {
  return fc
    .tuple(fc.integer({ min: 1, max: messages }), fc.integer({ min: 0, max: 6 }), fc.oneof(...byType))
    .map(([number, half, fields]) => {
      return sampleEvent({ ...(fields as Sample), message: sampleId(set, number), at: START + half * 30_000 });
    });
}

/** Cuts of a list: every element once, in order. */
export function cut<T>(items: readonly T[], sizes: readonly number[]): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let at = 0, i = 0; at < items.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 1);
    parts.push(items.slice(at, at + size));
    at += size;
  }
  return parts;
}
