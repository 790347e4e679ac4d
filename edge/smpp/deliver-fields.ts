/** The deliver_sm of a receipt and of a handset's message [SMPP 3.4 §4.6, §5.2.12, appendix B]. Pure. */
import type { SmppAccount } from "#core/directory/smpp-account.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { formatReceiptDate } from "#core/smpp/smpp-time.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodeGsm7, isGsm7 } from "#domain/encoding/gsm7.ts";
import { encodeUcs2 } from "#domain/encoding/ucs2.ts";
import { type MessageState, statusOf } from "#domain/fold.ts";
import type { DeliverItem } from "#domain/notice.ts";
import { toSmppAddress } from "./address.ts";
import { endOf, messageStateOf, stateWordOf } from "./message-state.ts";

const RECEIPT = 0x04;
const UDH_INDICATOR = 0x40;
const UCS2 = 0x08;
const SHORT_MESSAGE_OCTETS_MAX = 254;
const PLAIN = /^[A-Za-z0-9 !"#%&'()*+,./:;<=>?-]$/;
const LATIN_1 = /^[\u0000-\u00ff]*$/;
/** Of the message, at the end of its receipt [appendix B]. */
const TEXT_CHARS = 20;
/** Of network_error_code [§5.3.2.31]: the code below is a GSM network's. */
const NETWORK_GSM = 3;

/**
 * One for the whole message, whatever its segments: `sub` counts them, `dlvrd` those that arrived. It goes back the way
 * the message came, from its recipient to its sender. Undefined while its `accepted` event is not known.
 */
export function receiptFields(state: MessageState): PduFields | undefined {
  const { accepted } = state;
  if (accepted === undefined) return undefined;
  const status = statusOf(state);
  const id = accepted.receiptId ?? accepted.message;
  const segments = Object.values(state.segments);
  const arrived = segments.filter(({ outcome }) => outcome === "delivered").length;
  const error = errorOf(segments.find(({ outcome, error = "" }) => outcome !== "delivered" && error !== "")?.error);
  const text = [...accepted.text].filter(isPlain).slice(0, TEXT_CHARS).join("");
  const words = [
    `id:${id}`,
    `sub:${count(accepted.segments)}`,
    `dlvrd:${count(arrived)}`,
    `submit date:${formatReceiptDate(accepted.at)}`,
    `done date:${formatReceiptDate(endOf(state))}`,
    `stat:${stateWordOf(status)}`,
    `err:${error}`,
    `text:${text}`,
  ];
  return {
    ...addressed("source", accepted.to),
    ...addressed("dest", accepted.from),
    esm_class: RECEIPT,
    data_coding: 0,
    short_message: encodeGsm7(words.join(" ")),
    receipted_message_id: id,
    message_state: messageStateOf(status),
    network_error_code: Uint8Array.of(NETWORK_GSM, Number(error) >> 8, Number(error) & 0xff),
    ...(isReference(accepted.clientReference) && { user_message_reference: Number(accepted.clientReference) }),
  };
}

/**
 * One part, with its header if it is one of several. What does not fit in a short message goes as a payload. `agreed`:
 * what data_coding 0 means to the customer.
 */
export function replyFields(
  item: Extract<DeliverItem, { readonly type: "reply" }>,
  agreed: SmppAccount["alphabet"],
): PduFields {
  const header = item.concat === undefined ? [] : concatHeader(item.concat);
  const isAgreed = agreed === "gsm7" ? isGsm7(item.text) : LATIN_1.test(item.text);
  const content = isAgreed ? encodeAgreed(item.text, agreed) : encodeUcs2(item.text);
  const octets = Uint8Array.of(...header, ...content);
  return {
    ...addressed("source", item.from),
    ...addressed("dest", item.to),
    esm_class: header.length > 0 ? UDH_INDICATOR : 0,
    data_coding: isAgreed ? 0 : UCS2,
    ...(octets.length > SHORT_MESSAGE_OCTETS_MAX ? { message_payload: octets } : { short_message: octets }),
  };
}

function encodeAgreed(text: string, agreed: SmppAccount["alphabet"]): Uint8Array {
  return agreed === "gsm7" ? encodeGsm7(text) : Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Three digits, as everybody reads them: the last of what the provider said, else 000. */
function errorOf(said: string | undefined): string {
  const digits = /(\d{1,3})$/.exec(said ?? "")?.[1] ?? "0";
  return digits.padStart(3, "0");
}

/** Receipts are read by all kinds of programs: nothing that ends a line, or is not the same octet in every alphabet. */
function isPlain(character: string): boolean {
  return PLAIN.test(character);
}

function isReference(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 0xffff;
}

function count(segments: number): string {
  return `${Math.min(segments, 999)}`.padStart(3, "0");
}

function addressed(side: "source" | "dest", ours: string): PduFields {
  const { ton, npi, address } = toSmppAddress(ours);
  return side === "source"
    ? { source_addr_ton: ton, source_addr_npi: npi, source_addr: address }
    : { dest_addr_ton: ton, dest_addr_npi: npi, destination_addr: address };
}
