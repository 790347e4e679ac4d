/** What a request's template may name, and what that is for one segment. Pure. */
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { OutboundSegment } from "../connector.ts";
import type { HttpSettings } from "./settings.ts";
import type { Values } from "./template.ts";

export const placeholders = [
  /** The recipient, behind the link's prefix. */
  "to",
  /** A number behind the link's prefix, a short code or a name. */
  "from",
  /** This part's text. */
  "text",
  /** What the link calls the text's alphabet. */
  "encoding",
  /** The same each time that this segment is sent: a provider that knows it by this takes it once. */
  "key",
  /** Absent where it may be sent at any time. */
  "validitySeconds",
  /** true for an alert. */
  "urgent",
  /** 1-based, of `parts`. */
  "part",
  "parts",
  /** Of 16 bits, the same for all parts of a message. */
  "reference",
  /** The user data header in hex; absent of a text that is one part. */
  "udh",
  /** The text's octets in hex: septets unpacked, or UTF-16BE. */
  "hex",
] as const;

/** A provider that is told none of these would deliver each part as a text of its own. */
const PLACES: readonly string[] = ["udh", "part"];

const INTERNATIONAL = /^\+[0-9]+$/;

export function mayHaveParts(names: ReadonlySet<string>): boolean {
  return PLACES.some((name) => names.has(name));
}

export function valuesOf(segment: OutboundSegment, settings: HttpSettings): Values {
  const { part, encoding, segments, concatReference } = segment;
  const place = { reference: concatReference, total: segments, index: segment.segment + 1 };
  const numbered = (address: string): string =>
    INTERNATIONAL.test(address) ? `${settings.numberPrefix}${address.slice(1)}` : address;
  return {
    to: numbered(segment.to),
    from: numbered(segment.from),
    text: part,
    encoding: settings.encodings[encoding],
    key: `${segment.messageId}-${segment.segment}`,
    validitySeconds: segment.validitySeconds,
    urgent: segment.urgent,
    part: place.index,
    parts: segments,
    reference: concatReference,
    udh: segments > 1 ? hex(concatHeader(place)) : undefined,
    hex: hex(encodePart(part, encoding)),
  } satisfies Record<(typeof placeholders)[number], Values[string]>;
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
