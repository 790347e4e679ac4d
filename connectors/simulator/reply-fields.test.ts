import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodePdu, encodePdu } from "#core/smpp/codec.ts";
import type { Random } from "#domain/random.ts";
import { seededStream } from "#domain/seeded-random.ts";
import type { InboundReply } from "../connector.ts";
import { parseReply } from "../smpp/reply.ts";
import { type ReplyInput, replySchema } from "./behaviour.ts";
import { replyFields } from "./reply-fields.ts";

const TEXT = "Да, приходите 😀 ".repeat(12);
const REFERENCE = 0x1234;

/** As the connector reads them, over the wire and back. */
function received(shape: Partial<ReplyInput>, random: Random = seededStream(1, "parts")): readonly InboundReply[] {
  const reply = replySchema.parse({ from: "+491701234567", to: "72345", text: TEXT, ...shape });
  return replyFields({ ...reply, reference: REFERENCE }, reply, random).map((fields) => {
    const pdu = decodePdu(Buffer.from(encodePdu({ command: "deliver_sm", sequence: 1, fields })));
    expect(pdu.fault).toBeUndefined();
    return parseReply(pdu.fields, { provider: "acme", receivedAt: 0 });
  });
}

/** Each part once, in the order of its place. */
function joined(replies: readonly InboundReply[]): string {
  const byPlace = new Map(replies.map((reply) => [reply.concat?.index ?? 1, reply.text]));
  return [...byPlace]
    .sort(([one], [other]) => one - other)
    .map(([, text]) => text)
    .join("");
}

const places = (replies: readonly InboundReply[]) => replies.map(({ concat }) => concat?.index ?? 0);

describe("replyFields()", () => {
  test("a short message is one PDU, whatever the shape", () => {
    for (const parts of ["udh8", "udh16", "sar"] as const) {
      const [reply, ...more] = received({ text: "STOP", parts });
      expect(reply).toMatchObject({ from: "+491701234567", to: "72345", text: "STOP", encoding: "gsm7" });
      expect([reply?.concat, more]).toEqual([undefined, []]);
    }
  });

  test("a long one joins to its text, however it is cut", () => {
    const references = { udh8: REFERENCE & 0xff, udh16: REFERENCE, sar: REFERENCE } as const;
    for (const [parts, reference] of Object.entries(references)) {
      const replies = received({ parts: parts as keyof typeof references });
      expect(joined(replies)).toBe(TEXT);
      expect(replies.length).toBeGreaterThan(2);
      for (const { concat } of replies) expect(concat).toMatchObject({ reference, refBits: parts === "udh8" ? 8 : 16 });
    }
    expect(received({ parts: "payload" })).toMatchObject([{ text: TEXT }]);
  });

  test("parts come reversed, shuffled, doubled, and lost", () => {
    const inOrder = places(received({}));
    expect(places(received({ order: "reversed" }))).toEqual(inOrder.toReversed());
    const shuffled = places(received({ order: "shuffled", text: "x".repeat(1_500) }));
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(shuffled.map((_, i) => i + 1));
    expect(shuffled).not.toEqual(shuffled.toSorted((a, b) => a - b));
    const doubled = received({ doubled: true, order: "shuffled" });
    expect(doubled).toHaveLength(2 * inOrder.length);
    expect(joined(doubled)).toBe(TEXT);
    expect(received({ lost: true })).toEqual([]);
    expect(received({ lost: 0.5, text: "x".repeat(3_000) }).length).toBeLessThan(20);
  });
});
