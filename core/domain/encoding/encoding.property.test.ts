import { expect, test } from "bun:test";
import fc from "fast-check";
import { SegmentedMessage } from "sms-segments-calculator";
import { split } from "split-sms";
import { concatHeader, parseUserDataHeader } from "./concat-header.ts";
import { decodePart, encodePart, segmentText } from "./segment-text.ts";

const gsmText = fc.string({
  unit: fc.constantFrom(..."@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà\f^{}\\[~]|€€€"),
  maxLength: 700,
});
const anyText = fc.oneof(
  gsmText,
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: fc.constantFrom("a", "ё", "😀", "\ud83d", "\ude00", "€"), maxLength: 300 }),
);
const partOctets = { gsm7: 153, ucs2: 134 } as const;
const aloneOctets = { gsm7: 160, ucs2: 140 } as const;

test("parts join to the text, fit the air and decode to themselves", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { encoding, parts } = segmentText(text);
      const octets = parts.map((part) => encodePart(part, encoding));
      expect(parts.join("")).toBe(text);
      expect(octets.map((part) => decodePart(part, encoding)).join("")).toBe(text);
      const limit = parts.length === 1 ? aloneOctets[encoding] : partOctets[encoding];
      for (const part of octets) expect(part.length).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 1_000 },
  );
});

test("counts are those of split-sms and sms-segments-calculator wherever the two agree", () => {
  let compared = 0;
  fc.assert(
    fc.property(anyText, (text) => {
      const theirs = split(text).parts.length;
      // The calculator says 0 for an empty text; a message is at least one segment.
      if (theirs !== Math.max(1, new SegmentedMessage(text).segmentsCount)) return;
      compared++;
      expect(segmentText(text).parts.length).toBe(theirs);
    }),
    { numRuns: 1_000 },
  );
  expect(compared).toBeGreaterThan(500);
});

test("a concat header reads back as written", () => {
  const place = fc.integer({ min: 1, max: 255 }).chain((total) =>
    fc.record({
      reference: fc.integer({ min: 0, max: 255 }),
      total: fc.constant(total),
      index: fc.integer({ min: 1, max: total }),
    }),
  );
  fc.assert(
    fc.property(place, fc.uint8Array({ maxLength: 140 }), (part, content) => {
      const { concat, rest } = parseUserDataHeader(Uint8Array.of(...concatHeader(part), ...content));
      expect(concat).toEqual({ ...part, refBits: 8 });
      expect([...rest]).toEqual([...content]);
    }),
  );
});

test("parseUserDataHeader() and decodePart() are total", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 160 }), (octets) => {
      expect(parseUserDataHeader(octets).rest.length).toBeLessThanOrEqual(octets.length);
      expect(typeof decodePart(octets, "gsm7")).toBe("string");
      expect(typeof decodePart(octets, "ucs2")).toBe("string");
    }),
    { numRuns: 1_000 },
  );
});
