/**
 * A text as the air carries it: one alphabet for the whole message, cut into parts. A part is the unit of price and of
 * receipts, so every place that counts, prices or sends segments asks here. Pure.
 */
import { decodeGsm7, encodeGsm7, gsm7Septets, isGsm7 } from "./gsm7.ts";
import { decodeUcs2, encodeUcs2 } from "./ucs2.ts";

export type TextEncoding = "gsm7" | "ucs2";

export interface SegmentedText {
  readonly encoding: TextEncoding;
  /** In order; they join to the text. An empty text is one empty part. */
  readonly parts: readonly string[];
}

/** Units (septets, UTF-16 code units) of a text that travels alone, and of a part beside a 6-octet concat header. */
const CAPACITY = {
  gsm7: { alone: 160, part: 153 },
  ucs2: { alone: 70, part: 67 },
} as const satisfies Record<TextEncoding, { alone: number; part: number }>;

/**
 * GSM 7-bit when every character is in it, else UCS-2. An escape pair or a surrogate pair is never split, so a part may
 * be one unit short. Unbounded: callers bound the text first and refuse more than `SEGMENTS_MAX` parts.
 */
export function segmentText(text: string): SegmentedText {
  const encoding = isGsm7(text) ? "gsm7" : "ucs2";
  const capacity = CAPACITY[encoding];
  if (countUnits(text, encoding) <= capacity.alone) return { encoding, parts: [text] };
  return { encoding, parts: cut(text, encoding, capacity.part) };
}

/** Whether the text fits beside a concat header in this alphabet, as one part of something longer. */
export function fitsOnePart(text: string, encoding: TextEncoding): boolean {
  return countUnits(text, encoding) <= CAPACITY[encoding].part;
}

/** The alphabet of a part that was cut up elsewhere: UCS-2 if its sender says so, as all parts of a text share one. */
export function encodingOfPart(text: string, wanted: TextEncoding): TextEncoding {
  return wanted === "ucs2" || !isGsm7(text) ? "ucs2" : "gsm7";
}

/** The octets of one part: septets unpacked, or UTF-16BE. Throws RangeError when `encoding` cannot hold the text. */
export function encodePart(part: string, encoding: TextEncoding): Uint8Array {
  return encoding === "gsm7" ? encodeGsm7(part) : encodeUcs2(part);
}

/** Inverse of `encodePart`; total on any octets. */
export function decodePart(octets: Uint8Array, encoding: TextEncoding): string {
  return encoding === "gsm7" ? decodeGsm7(octets) : decodeUcs2(octets);
}

function countUnits(text: string, encoding: TextEncoding): number {
  if (encoding === "ucs2") return text.length;
  let units = 0;
  for (let i = 0; i < text.length; i++) units += gsm7Septets(text.charCodeAt(i));
  return units;
}

function cut(text: string, encoding: TextEncoding, capacity: number): string[] {
  const parts: string[] = [];
  let start = 0;
  let units = 0;
  for (let i = 0; i < text.length; ) {
    const codeUnits = encoding === "ucs2" && isSurrogatePair(text, i) ? 2 : 1;
    const cost = encoding === "ucs2" ? codeUnits : gsm7Septets(text.charCodeAt(i));
    if (units + cost > capacity) {
      parts.push(text.slice(start, i));
      start = i;
      units = 0;
    }
    units += cost;
    i += codeUnits;
  }
  parts.push(text.slice(start));
  return parts;
}

function isSurrogatePair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
