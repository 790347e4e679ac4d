/**
 * Delivery receipts out of deliver_sm and data_sm [SMPP 3.4 §2.11, appendix B]. The text's format is every vendor's
 * own, so it is read by key: any order, any case, fields missing. Where TLVs say the same, they win. Pure.
 */

import { contentOf } from "#core/smpp/content.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { decodeUcs2 } from "#domain/encoding/ucs2.ts";
import type { InboundReceipt } from "../connector.ts";
import { fromSmppAddress } from "./address.ts";
import { normaliseProviderMessageId } from "./provider-message-id.ts";
import type { IdForm } from "./settings.ts";

type State = InboundReceipt["state"];

/** esm_class bits 5-2: what kind of short message it is. */
const TYPE_BITS = 0x3c;
const RECEIPT = 0x04;
const INTERMEDIATE = 0x20;
const UCS2 = 0x08;

/** By the TLV's number [SMPP 5.0 §4.8.4.41]; scheduled counts as under way. */
const STATE_BY_NUMBER: readonly State[] = [
  "enroute",
  "enroute",
  "delivered",
  "expired",
  "deleted",
  "undelivered",
  "accepted",
  "unknown",
  "rejected",
  "skipped",
];

const STATE_BY_WORD = new Map<string, State>([
  ["DELIVRD", "delivered"],
  ["DELIVERED", "delivered"],
  ["EXPIRED", "expired"],
  ["DELETED", "deleted"],
  ["UNDELIV", "undelivered"],
  ["UNDELIVERABLE", "undelivered"],
  ["ACCEPTD", "accepted"],
  ["ACCEPTED", "accepted"],
  ["UNKNOWN", "unknown"],
  ["REJECTD", "rejected"],
  ["REJECTED", "rejected"],
  ["ENROUTE", "enroute"],
  ["SKIPPED", "skipped"],
]);

/**
 * The receipt in these fields, or undefined when they are a handset's message. One marked as a receipt always is one:
 * what it fails to say is "" or `unknown`, so that it is kept and can be looked into. `withoutBit`: see the settings.
 */
export function parseReceipt(
  fields: PduFields,
  options: { readonly provider: string; readonly withoutBit: boolean; readonly idForm: IdForm },
): InboundReceipt | undefined {
  const kind = (fields.esm_class ?? 0) & TYPE_BITS;
  const marked = kind === RECEIPT || kind === INTERMEDIATE || fields.receipted_message_id !== undefined;
  if (!marked && !(options.withoutBit && kind === 0)) return undefined;
  const said = readReceiptText(receiptText(fields));
  if (!marked && (said.id === undefined || said.state === undefined)) return undefined;
  const rawProviderMessageId = fields.receipted_message_id ?? said.id ?? "";
  const doneAt = parseReceiptDate(said.doneDate ?? "");
  return {
    provider: options.provider,
    providerMessageId: normaliseProviderMessageId(rawProviderMessageId, options.idForm),
    rawProviderMessageId,
    state: STATE_BY_NUMBER[fields.message_state ?? -1] ?? said.state ?? "unknown",
    error: said.error ?? networkError(fields.network_error_code),
    ...(doneAt === undefined ? {} : { doneAt }),
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
  };
}

/** Some providers flag plain ASCII as UCS-2: what is UCS-2 has a zero octet in every latin pair. */
function receiptText(fields: PduFields): string {
  const octets = contentOf(fields).octets;
  if (fields.data_coding === UCS2 && octets.includes(0)) return decodeUcs2(octets);
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

interface ReceiptText {
  id?: string;
  state?: State;
  error?: string;
  doneDate?: string;
}

const KEY = /(?:^|[\s,;])(id|sub|dlvrd|submit[ _-]?date|done[ _-]?date|stat|err|text)\s*:/gi;

/**
 * By key; the first of a key wins, and nothing after `text:` counts once a state was seen: that is the sender's own.
 */
export function readReceiptText(text: string): ReceiptText {
  const keys = [...text.matchAll(KEY)];
  const said: ReceiptText = {};
  for (const [i, match] of keys.entries()) {
    const key = (match[1] ?? "").toLowerCase().replace(/[ _-]/, "");
    const value = text.slice(match.index + match[0].length, keys[i + 1]?.index ?? text.length).trim();
    if (key === "text" && said.state !== undefined) break;
    const word = value.split(/[\s,;]/, 1)[0] ?? "";
    if (word !== "") take(said, key, word);
  }
  return said;
}

function take(said: ReceiptText, key: string, word: string): void {
  if (key === "id") said.id ??= word;
  else if (key === "err") said.error ??= word;
  else if (key === "donedate") said.doneDate ??= word;
  else if (key === "stat") said.state ??= STATE_BY_WORD.get(word.toUpperCase()) ?? "unknown";
}

const DATE = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/;

/** YYMMDDhhmm or YYMMDDhhmmss, taken as UTC: receipts do not name a zone. Undefined when it is no date. */
export function parseReceiptDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

/** Network type and code, e.g. "3:33" [SMPP 3.4 §5.3.2.31]. */
function networkError(octets: Uint8Array | undefined): string {
  if (octets === undefined || octets.length !== 3) return "";
  const [type = 0, high = 0, low = 0] = octets;
  const code = (high << 8) | low;
  return code === 0 ? "" : `${type}:${code}`;
}
