/** A handset's message out of deliver_sm or data_sm: one part of it, as text. Pure. */

import { contentOf } from "#core/smpp/content.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { decodeGsm7 } from "#domain/encoding/gsm7.ts";
import { decodeUcs2 } from "#domain/encoding/ucs2.ts";
import type { InboundReply } from "../connector.ts";
import { fromSmppAddress } from "./address.ts";

/** Total: any PDU that is no receipt is a reply, and what cannot be read as text is given in hex. */
export function parseReply(
  fields: PduFields,
  received: { readonly provider: string; readonly receivedAt: number },
): InboundReply {
  const { octets, concat } = contentOf(fields);
  const encoding = encodingOf(fields.data_coding ?? 0);
  return {
    provider: received.provider,
    from: fromSmppAddress({
      ton: fields.source_addr_ton ?? 0,
      npi: fields.source_addr_npi ?? 0,
      address: fields.source_addr ?? "",
    }),
    to: fromSmppAddress({
      ton: fields.dest_addr_ton ?? 0,
      npi: fields.dest_addr_npi ?? 0,
      address: fields.destination_addr ?? "",
    }),
    text: decode(octets, encoding),
    encoding,
    ...(concat === undefined ? {} : { concat }),
    receivedAt: received.receivedAt,
  };
}

/**
 * By the whole octet [SMPP 3.4 §5.2.19, TS 23.038 §4]: 0 is taken for GSM 7-bit; 0x10-0x1F and 0xF0-0xFF carry a
 * message class and the alphabet in their bits 3-2 (0xF0: bit 2).
 */
function encodingOf(dataCoding: number): InboundReply["encoding"] {
  if (dataCoding === 0) return "gsm7";
  if (dataCoding === 0x01 || dataCoding === 0x03) return "latin1";
  if (dataCoding === 0x08) return "ucs2";
  const group = dataCoding & 0xf0;
  if (group === 0x10) return ([undefined, "binary", "ucs2"] as const)[(dataCoding >> 2) & 3] ?? "gsm7";
  if (group === 0xf0) return (dataCoding & 0x04) === 0 ? "gsm7" : "binary";
  return "binary";
}

function decode(octets: Uint8Array, encoding: InboundReply["encoding"]): string {
  switch (encoding) {
    case "gsm7":
      return decodeGsm7(octets);
    case "ucs2":
      return decodeUcs2(octets);
    case "latin1":
      return Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
    case "binary":
      return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
  }
}
