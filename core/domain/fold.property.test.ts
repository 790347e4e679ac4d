import { expect, test } from "bun:test";
import fc from "fast-check";
import type { E164, Sender } from "./e164.ts";
import type { MessageEvent } from "./event.ts";
import { emptyMessageState, foldEvents, rejectionOf, replyText, statusOf } from "./fold.ts";
import type { AccountId, ChunkId, MessageId, ProviderId } from "./ids.ts";
import type { MicrosText } from "./money.ts";

const message = "syd1-01jd0000000000000000000000" as MessageId;
const provider = "sim" as ProviderId;

const at = fc.integer({ min: 1, max: 6 });
const segment = fc.integer({ min: 0, max: 2 });
const providerMessageId = fc.constantFrom("a", "b", "c");
const error = fc.constantFrom("", "001", "abc");

const accepted = fc.record({ at, segments: fc.integer({ min: 1, max: 3 }) }).map(
  ({ at, segments }): MessageEvent => ({
    type: "accepted",
    message,
    at,
    account: "demo" as AccountId,
    to: "+61400000001" as E164,
    from: "Shop" as Sender,
    text: "hi",
    class: "bulk",
    encoding: "gsm7",
    segments,
  }),
);
const routed = fc
  .record({ at, attempt: fc.integer({ min: 1, max: 3 }), prefix: fc.constantFrom("+", "+61") })
  .map((fields): MessageEvent => ({ type: "routed", message, provider, candidates: [], ...fields }));
const billed = fc.record({ at, segments: fc.integer({ min: 1, max: 3 }) }).map(
  ({ at, segments }): MessageEvent => ({
    type: "billed",
    message,
    at,
    account: "demo" as AccountId,
    prefix: "+",
    segments,
    priceMicros: "10" as MicrosText,
    totalMicros: `${10 * segments}` as MicrosText,
    currency: "EUR",
  }),
);
const submitted = fc
  .record({ at, segment, providerMessageId })
  .map((fields): MessageEvent => ({ type: "submitted", message, attempt: 1, provider, ...fields }));
const refused = fc
  .record({ at, segment, status: fc.constantFrom(11, 69) })
  .map((fields): MessageEvent => ({ type: "refused", message, attempt: 1, provider, ...fields }));
const inDoubt = fc
  .record({ at, segment, reason: fc.constantFrom("link_lost" as const, "takeover" as const) })
  .map((fields): MessageEvent => ({ type: "in_doubt", message, attempt: 1, provider, policy: "resend", ...fields }));
const receipt = fc
  .record({
    at,
    segment,
    providerMessageId,
    error,
    type: fc.constantFrom("delivered", "undelivered", "expired", "unknown"),
  })
  .map((fields) => ({ message, provider, ...fields }) as MessageEvent);
const lapsed = fc
  .record({ at, segments: fc.uniqueArray(segment) })
  .map((fields): MessageEvent => ({ type: "lapsed", message, ...fields }));
const replied = fc
  .record({
    at,
    reply: fc.constantFrom("r1", "r2"),
    part: fc.constantFrom(1, 2),
    text: fc.constantFrom("x", "y"),
    from: fc.constantFrom("+61", "+49"),
  })
  .map((fields): MessageEvent => ({ type: "replied", message, provider, to: "12", parts: 2, ...fields }));

const chunks = ["01jd0000000000000000000001", "01jd0000000000000000000002"] as ChunkId[];
const burial = fc.constantFrom(...chunks);
const rejected = fc
  .record({ at, detail: fc.constantFrom("one", "two"), burial: fc.option(burial, { nil: undefined }) })
  .map(({ burial, ...fields }): MessageEvent => {
    if (burial === undefined) return { type: "rejected", message, reason: "no_route", ...fields };
    return { type: "rejected", message, reason: "poison", burial, ...fields };
  });
const raised = fc
  .record({ at, burial, type: fc.constantFrom("requeued" as const, "discarded" as const) })
  .map((fields): MessageEvent => ({ message, ...fields }));

const sent = [accepted, routed, billed, submitted, refused, inDoubt, receipt, lapsed, replied];
const event = fc.oneof(...sent, rejected, raised);

test("the fold gives the same answer in any order, with any event applied once or twice", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 14 }), fc.infiniteStream(fc.nat()), (events, chance) => {
      const shuffled = events
        .flatMap((one) => ((chance.next().value ?? 0) % 2 ? [one, one] : [one]))
        .map((one) => [chance.next().value ?? 0, one] as const)
        .sort((a, b) => a[0] - b[0])
        .map(([, one]) => one);
      const [straight, mixed] = [foldEvents(events), foldEvents(shuffled)];
      expect(mixed).toEqual(straight);
      expect(statusOf(mixed)).toBe(statusOf(straight));
      expect(rejectionOf(mixed)).toEqual(rejectionOf(straight));
    }),
    { numRuns: 2_000 },
  );
});

test("folding in two halves is folding once: the projector keeps states between batches", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.nat(12), (events, cut) => {
      const half = foldEvents(events.slice(0, cut));
      const stored = JSON.parse(JSON.stringify(half)) as typeof half;
      expect(foldEvents(events.slice(cut), stored)).toEqual(foldEvents(events));
    }),
  );
});

const of = (type: "delivered" | "undelivered" | "expired" | "unknown", segment = 0): MessageEvent => ({
  type,
  message,
  at: 5,
  segment,
  provider,
  providerMessageId: "a",
  error: "",
});
const [oneSegment, twoSegments] = [1, 2].map((segments) => ({
  ...(fc.sample(accepted, { numRuns: 1, seed: 1 })[0] as MessageEvent),
  segments,
})) as [MessageEvent, MessageEvent];

const burialOf = (n: number): ChunkId => chunks[n] ?? ("none" as ChunkId);
const noRoute: MessageEvent = { type: "rejected", message, at: 5, reason: "no_route", detail: "" };
const buried = (n: number): MessageEvent => ({ ...noRoute, reason: "poison", burial: burialOf(n) });
const requeued = (n: number): MessageEvent => ({ type: "requeued", message, at: 6 + n, burial: burialOf(n) });

test.each([
  ["delivered beats undelivered", [oneSegment, of("undelivered"), of("delivered")], "delivered"],
  ["undelivered beats expired", [oneSegment, of("undelivered"), of("expired")], "undelivered"],
  ["expired beats unknown", [oneSegment, of("unknown"), of("expired")], "expired"],
  ["some parts delivered and some not", [twoSegments, of("delivered", 0), of("undelivered", 1)], "partially_delivered"],
  ["one of two parts with a result", [twoSegments, of("delivered", 0)], "accepted"],
  ["nothing but accepted", [oneSegment], "accepted"],
  ["a receipt before its submit", [oneSegment, of("delivered")], "delivered"],
  ["a buried message", [oneSegment, buried(0)], "rejected"],
  ["one that was requeued, and the order does not matter", [requeued(0), oneSegment, buried(0)], "accepted"],
  ["one that was requeued and arrived", [oneSegment, buried(0), requeued(0), of("delivered")], "delivered"],
  ["one that died again", [oneSegment, buried(0), requeued(0), requeued(0), buried(1)], "rejected"],
  ["two of its parts buried, one of them requeued", [oneSegment, buried(0), buried(1), requeued(1)], "rejected"],
  ["a refusal of another kind stays", [oneSegment, noRoute, buried(0), requeued(0)], "rejected"],
  ["a requeue whose burial is not read yet", [oneSegment, requeued(0), of("delivered")], "delivered"],
] as const)("status: %s", (_, events, status) => {
  expect(statusOf(foldEvents(events))).toBe(status);
});

test("a reply is whole when its last part is there, in any order", () => {
  const part = (n: number, text: string): MessageEvent => ({
    type: "replied",
    message,
    at: n,
    reply: "r",
    provider,
    from: "+61",
    to: "12",
    text,
    part: n,
    parts: 2,
  });
  const half = foldEvents([part(2, "world")], emptyMessageState);
  expect(half.replies.r && replyText(half.replies.r)).toBeUndefined();
  const whole = foldEvents([part(1, "hello ")], half);
  expect(whole.replies.r && replyText(whole.replies.r)).toBe("hello world");
});
