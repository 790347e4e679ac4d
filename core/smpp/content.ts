/**
 * The content of a short message, wherever the PDU carries it: short_message or message_payload, with its place among
 * parts from a user data header or the sar_* TLVs. Pure.
 */

import { type Concat, parseUserDataHeader } from "#domain/encoding/concat-header.ts";
import type { PduFields } from "./pdu.ts";

const UDH_INDICATOR = 0x40;
const NOTHING = new Uint8Array(0);

/** The octets after any header, and the part's place if it has one. */
export function contentOf(fields: PduFields): { readonly octets: Uint8Array; readonly concat?: Concat } {
  const short = fields.short_message ?? NOTHING;
  const octets = short.length > 0 ? short : (fields.message_payload ?? NOTHING);
  if (((fields.esm_class ?? 0) & UDH_INDICATOR) !== 0) {
    const { rest, concat } = parseUserDataHeader(octets);
    return concat === undefined ? { octets: rest } : { octets: rest, concat };
  }
  const concat = concatOfSar(fields);
  return concat === undefined ? { octets } : { octets, concat };
}

function concatOfSar(fields: PduFields): Concat | undefined {
  const { sar_msg_ref_num: reference, sar_total_segments: total, sar_segment_seqnum: index } = fields;
  if (reference === undefined || total === undefined || index === undefined) return undefined;
  return index >= 1 && index <= total ? { reference, total, index, refBits: 16 } : undefined;
}
