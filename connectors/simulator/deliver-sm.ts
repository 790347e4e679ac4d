/** The deliver_sm of a receipt and of a handset's message [SMPP 3.4 §4.6, appendix B]. Pure. */

import type { PduFields } from "#core/smpp/pdu.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart, segmentText } from "#domain/encoding/segment-text.ts";
import type { Behaviour } from "./behaviour.ts";
import type { ReceiptState } from "./plan-submit.ts";

const RECEIPT = 0x04;
const UDH_INDICATOR = 0x40;
const RECEIPTED_MESSAGE_ID = 0x001e;

const STATES = {
  delivered: { word: "DELIVRD", number: 2, error: "000" },
  undelivered: { word: "UNDELIV", number: 5, error: "027" },
  expired: { word: "EXPIRED", number: 3, error: "254" },
} as const satisfies Record<ReceiptState, { word: string; number: number; error: string }>;

/** Goes back the way the message came: from its recipient to its sender. */
export function receiptFields(
  submit: PduFields,
  receipt: { readonly id: string; readonly state: ReceiptState; readonly submittedAt: string; readonly doneAt: string },
  behaviour: Behaviour,
): PduFields {
  const state = STATES[receipt.state];
  const text =
    `id:${receipt.id} sub:001 dlvrd:${receipt.state === "delivered" ? "001" : "000"} ` +
    `submit date:${receipt.submittedAt} done date:${receipt.doneAt} stat:${state.word} err:${state.error} text:`;
  return {
    ...turnedAround(submit),
    esm_class: RECEIPT,
    data_coding: 0,
    short_message: encodePart(behaviour.receiptForm === "tlv" ? "" : text, "gsm7"),
    ...(behaviour.receiptForm === "text" ? {} : receiptTlvs(receipt.id, state.number, behaviour)),
  };
}

function receiptTlvs(id: string, state: number, behaviour: Behaviour): PduFields {
  if (!behaviour.tlvWithoutNul) return { receipted_message_id: id, message_state: state };
  const value = Uint8Array.from(id, (character) => character.charCodeAt(0));
  return { message_state: state, unknown_tlvs: [{ id: RECEIPTED_MESSAGE_ID, value }] };
}

function turnedAround(submit: PduFields): PduFields {
  return {
    source_addr_ton: submit.dest_addr_ton ?? 0,
    source_addr_npi: submit.dest_addr_npi ?? 0,
    source_addr: submit.destination_addr ?? "",
    dest_addr_ton: submit.source_addr_ton ?? 0,
    dest_addr_npi: submit.source_addr_npi ?? 0,
    destination_addr: submit.source_addr ?? "",
  };
}

/** A handset's message; a long one in parts with a header each. `reference` is taken modulo 256. */
export function replyFields(reply: { from: string; to: string; text: string; reference: number }): PduFields[] {
  const { encoding, parts } = segmentText(reply.text);
  return parts.map((part, i) => {
    const header =
      parts.length === 1 ? [] : concatHeader({ reference: reply.reference, total: parts.length, index: i + 1 });
    return {
      ...addressed("source", reply.from),
      ...addressed("dest", reply.to),
      esm_class: parts.length === 1 ? 0 : UDH_INDICATOR,
      data_coding: encoding === "ucs2" ? 0x08 : 0,
      short_message: Uint8Array.of(...header, ...encodePart(part, encoding)),
    };
  });
}

function addressed(side: "source" | "dest", address: string): PduFields {
  const international = address.startsWith("+");
  const ton = international ? 1 : 0;
  const digits = international ? address.slice(1) : address;
  return side === "source"
    ? { source_addr_ton: ton, source_addr_npi: 1, source_addr: digits }
    : { dest_addr_ton: ton, dest_addr_npi: 1, destination_addr: digits };
}

/** YYMMDDhhmm in UTC. */
export function receiptDate(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(2, 12);
}
