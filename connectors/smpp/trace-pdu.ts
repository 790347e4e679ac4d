/** A PDU for the log of a traced link: numbers masked, texts and secrets left out, all else as it is. Pure. */
import type { OutgoingPdu, Pdu, PduFields } from "#core/smpp/pdu.ts";
import { type MaskedNumber, maskNumber } from "#domain/e164.ts";

interface TracedPdu {
  readonly command: string;
  readonly status: number;
  readonly sequence: number;
  readonly from?: MaskedNumber;
  readonly to?: MaskedNumber;
  /** Of the content. */
  readonly octets: number;
  /** `name=value`, by blanks. */
  readonly fields: string;
}

/** Neither a number nor a text nor a secret; any other field is only named. */
const SHOWN: ReadonlySet<string> = new Set([
  "system_id",
  "system_type",
  "interface_version",
  "sc_interface_version",
  "service_type",
  "source_addr_ton",
  "source_addr_npi",
  "dest_addr_ton",
  "dest_addr_npi",
  "esm_class",
  "protocol_id",
  "priority_flag",
  "schedule_delivery_time",
  "validity_period",
  "registered_delivery",
  "data_coding",
  "message_id",
  "receipted_message_id",
  "message_state",
  "sar_msg_ref_num",
  "sar_total_segments",
  "sar_segment_seqnum",
  "user_message_reference",
  "congestion_state",
]);
const APART: ReadonlySet<string> = new Set(["source_addr", "destination_addr", "short_message", "message_payload"]);
const RECEIPT_BITS = 0x3c;
/** What a receipt says before the text of the message that it is about. */
const RECEIPT_CHARS_MAX = 160;

export function tracePdu({ command, status = 0, sequence, fields = {} }: Pdu | OutgoingPdu): TracedPdu {
  const content = fields.short_message?.length ? fields.short_message : fields.message_payload;
  return {
    ...{ command, status, sequence },
    ...(fields.source_addr ? { from: maskNumber(fields.source_addr) } : {}),
    ...(fields.destination_addr ? { to: maskNumber(fields.destination_addr) } : {}),
    octets: content?.length ?? 0,
    fields: [...shownFields(fields), ...receiptOf(fields, content)].join(" "),
  };
}

function shownFields(fields: PduFields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (APART.has(name) || value === undefined || value === "") return [];
    if (name === "unknown_tlvs") {
      return (fields.unknown_tlvs ?? []).map((tlv) => `tlv_${tlv.id.toString(16)}=${tlv.value.length}_octets`);
    }
    return [SHOWN.has(name) ? `${name}=${String(value)}` : name];
  });
}

/** Its keys and ids are what one looks for; the customer's text at its end is not. */
function receiptOf({ esm_class = 0, data_coding = 0 }: PduFields, content: Uint8Array | undefined): readonly string[] {
  if ((esm_class & RECEIPT_BITS) === 0 || content === undefined || data_coding === 0x08) return [];
  const text = Array.from(content.subarray(0, RECEIPT_CHARS_MAX), (octet) => String.fromCharCode(octet)).join("");
  const [head = ""] = text.split(/\btext\s*:/i, 1);
  return [`receipt=${JSON.stringify(head.trim())}`];
}
