/** The deliver_sm (or data_sm) of a receipt [SMPP 3.4 §4.6, appendix B]. Pure. */
import { Buffer } from "node:buffer";
import type { PduFields } from "#core/smpp/pdu.ts";
import { encodeUcs2 } from "#domain/encoding/ucs2.ts";
import type { Behaviour } from "./behaviour.ts";
import type { ReceiptState } from "./plan-submit.ts";
import { type ReceiptDialect, type ReceiptDialectName, receiptDialect } from "./receipt-dialects.ts";
import { turnedAround } from "./submit-addresses.ts";

export interface ReceiptContent {
  /** As a receipt of this provider writes it. */
  readonly id: string;
  readonly state: ReceiptState;
  readonly dialect: ReceiptDialectName;
  /** YYMMDDhhmmss in UTC. */
  readonly submittedAt: string;
  readonly doneAt: string;
}

const RECEIPT = 0x04;
const INTERMEDIATE = 0x20;
const UCS2 = 0x08;
const RECEIPTED_MESSAGE_ID = 0x001e;
const GSM_NETWORK = 3;

const STATES = {
  enroute: { word: "ENROUTE", longWord: "ENROUTE", number: 1, error: "000" },
  delivered: { word: "DELIVRD", longWord: "DELIVERED", number: 2, error: "000" },
  expired: { word: "EXPIRED", longWord: "EXPIRED", number: 3, error: "254" },
  deleted: { word: "DELETED", longWord: "DELETED", number: 4, error: "255" },
  undelivered: { word: "UNDELIV", longWord: "UNDELIVERABLE", number: 5, error: "027" },
  accepted: { word: "ACCEPTD", longWord: "ACCEPTED", number: 6, error: "000" },
  unknown: { word: "UNKNOWN", longWord: "UNKNOWN", number: 7, error: "001" },
  rejected: { word: "REJECTD", longWord: "REJECTED", number: 8, error: "099" },
} as const satisfies Record<ReceiptState, { word: string; longWord: string; number: number; error: string }>;

/** Goes back the way the message came: from its recipient to its sender. */
export function receiptFields(
  submit: PduFields,
  receipt: ReceiptContent,
  behaviour: Pick<Behaviour, "receiptForm" | "tlvWithoutNul">,
): PduFields {
  const dialect = receiptDialect(receipt.dialect);
  const form = dialect.form ?? behaviour.receiptForm;
  const octets = textOctets(form === "tlv" ? "" : receiptText(receipt, dialect), dialect);
  // One object, filled in: a receipt is made for every message, and copies of it are a tenth of what that costs.
  const fields = turnedAround(submit);
  fields.esm_class = dialect.withoutBit === true ? 0 : receipt.state === "enroute" ? INTERMEDIATE : RECEIPT;
  fields.data_coding = dialect.coding === undefined ? 0 : UCS2;
  if (dialect.inPayload === true) fields.message_payload = octets;
  else fields.short_message = octets;
  if (form === "text") return fields;
  const { number, error } = STATES[receipt.state];
  fields.message_state = number;
  if (!behaviour.tlvWithoutNul) fields.receipted_message_id = receipt.id;
  else fields.unknown_tlvs = [{ id: RECEIPTED_MESSAGE_ID, value: Buffer.from(receipt.id, "latin1") }];
  if (dialect.networkError === true) fields.network_error_code = Uint8Array.of(GSM_NETWORK, 0, Number(error));
  return fields;
}

function receiptText({ id, state, submittedAt, doneAt }: ReceiptContent, dialect: ReceiptDialect): string {
  const { word, longWord, error } = STATES[state];
  return dialect.text({ id, word, longWord, error, delivered: state === "delivered", submittedAt, doneAt });
}

/** Receipts are ASCII, which is the same in every alphabet but UCS-2. */
function textOctets(text: string, { coding }: ReceiptDialect): Uint8Array {
  return coding === "ucs2" ? encodeUcs2(text) : Buffer.from(text, "latin1");
}

/** YYMMDDhhmmss in UTC of a time in milliseconds; remembers the last second, as thousands fall into one. */
export function createReceiptDates(): (ms: number) => string {
  let second = Number.NaN;
  let text = "";
  return (ms) => {
    const current = Math.floor(ms / 1_000);
    if (current !== second) {
      second = current;
      text = new Date(current * 1_000).toISOString().replace(/\D/g, "").slice(2, 14);
    }
    return text;
  };
}
