/** The deliver_sm of a handset: one, or the parts of a long message as this network cuts and orders them. Pure. */
import type { PduFields } from "#core/smpp/pdu.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart, segmentText } from "#domain/encoding/segment-text.ts";
import type { Random } from "#domain/random.ts";
import { shuffled } from "#domain/seeded-random.ts";
import type { ReplyShape } from "./behaviour.ts";

export interface ReplyContent {
  /** The handset, with "+". */
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

const UDH_INDICATOR = 0x40;
const CONCAT_16_BIT = 0x08;
const UCS2 = 0x08;

/**
 * In the order in which they leave; parts come twice or not at all as the shape says. `reference` is taken modulo the
 * width of its field. Throws RangeError on a text of more than 255 parts, which the schema keeps out.
 */
export function replyFields(
  reply: ReplyContent & { readonly reference: number },
  shape: ReplyShape,
  random: Random,
): readonly PduFields[] {
  const { encoding, parts } = segmentText(reply.text);
  const common = {
    ...addressed("source", reply.from),
    ...addressed("dest", reply.to),
    data_coding: encoding === "ucs2" ? UCS2 : 0,
  };
  const { parts: how } = shape;
  if (how === "payload") return [{ ...common, message_payload: encodePart(reply.text, encoding) }];
  if (parts.length === 1) return [{ ...common, short_message: encodePart(reply.text, encoding) }];
  const cut = parts.map((part, i) => {
    const place = { reference: reply.reference, total: parts.length, index: i + 1 };
    return { ...common, ...partFields(encodePart(part, encoding), place, how) };
  });
  return asItComes(cut, shape, random);
}

interface Place {
  readonly reference: number;
  readonly total: number;
  readonly index: number;
}

function partFields(octets: Uint8Array, place: Place, how: Exclude<ReplyShape["parts"], "payload">): PduFields {
  const reference = place.reference & 0xffff;
  switch (how) {
    case "udh8":
      return { esm_class: UDH_INDICATOR, short_message: Uint8Array.of(...concatHeader(place), ...octets) };
    case "udh16": {
      const element = [CONCAT_16_BIT, 4, reference >> 8, reference & 0xff, place.total, place.index];
      return { esm_class: UDH_INDICATOR, short_message: Uint8Array.of(element.length, ...element, ...octets) };
    }
    case "sar":
      return {
        short_message: octets,
        sar_msg_ref_num: reference,
        sar_total_segments: place.total,
        sar_segment_seqnum: place.index,
      };
  }
}

function asItComes(parts: readonly PduFields[], shape: ReplyShape, random: Random): readonly PduFields[] {
  const kept = shape.lost === 0 ? parts : parts.filter(() => random.fraction() >= shape.lost);
  const all = shape.doubled === 0 ? kept : kept.flatMap((p) => (random.fraction() < shape.doubled ? [p, p] : [p]));
  if (shape.order === "shuffled") return shuffled(random, all);
  return shape.order === "reversed" ? all.toReversed() : all;
}

function addressed(side: "source" | "dest", address: string): PduFields {
  const international = address.startsWith("+");
  const ton = international ? 1 : 0;
  const digits = international ? address.slice(1) : address;
  return side === "source"
    ? { source_addr_ton: ton, source_addr_npi: 1, source_addr: digits }
    : { dest_addr_ton: ton, dest_addr_npi: 1, destination_addr: digits };
}
