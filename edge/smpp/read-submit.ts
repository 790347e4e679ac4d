/**
 * submit_sm, submit_multi and data_sm as what the edge accepts: the fields of `POST /v1/messages`, so that both fronts
 * pass the same schema, and what that body has no words for. Pure: it knows no clock but the `now` it is given.
 */
import { Buffer } from "node:buffer";
import type { SmppAccount } from "#core/directory/smpp-account.ts";
import { contentOf } from "#core/smpp/content.ts";
import { alphabetOf, decodeText } from "#core/smpp/data-coding.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { parseSmppTime } from "#core/smpp/smpp-time.ts";
import { encodingOfPart, fitsOnePart, type TextEncoding } from "#domain/encoding/segment-text.ts";
import type { ConcatPlace, ReceiptWish } from "#domain/event.ts";
import type { MessageClass } from "#domain/lane.ts";
import { EXPIRY_HOURS_MAX, SCHEDULE_HOURS_MAX, SEGMENTS_MAX } from "#domain/limits.ts";
import type { FrontExtras } from "../accept.ts";
import { toRecipient, toSender } from "./address.ts";
import { smppStatus } from "./status.ts";

/** Of one submit_multi: as many as its count has room for. */
const DESTINATIONS_MAX = 254;

export interface SubmitRequest {
  /** For the schema of submissions. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly extras: FrontExtras;
  /** The customer's own name for it: user_message_reference. */
  readonly reference: number | undefined;
}

export type ReadSubmit =
  | { readonly type: "request"; readonly request: SubmitRequest }
  | { readonly type: "refused"; readonly status: number };

const HOUR_MS = 3_600_000;
/** Clocks differ: a schedule that has just passed means now. */
const SCHEDULE_PAST_MS_MAX = 600_000;
/** esm_class bits 5-2 [SMPP 3.4 §5.2.12]: none of the special types may be submitted here. */
const TYPE_BITS = 0x3c;
const UDH_INDICATOR = 0x40;
const RECEIPT_WISHES: readonly (ReceiptWish | undefined)[] = [undefined, "final", "failure", "success"];

type Refusal = { readonly status: number };

/** `to`: as `destinationsOf` gave it. */
export function readSubmit(
  fields: PduFields,
  to: string | readonly string[],
  options: { readonly smpp: SmppAccount; readonly now: number },
): ReadSubmit {
  const { smpp, now } = options;
  const content = readContent(fields, smpp);
  if ("status" in content) return { type: "refused", ...content };
  const times = readTimes(fields, now);
  if ("status" in times) return { type: "refused", ...times };

  const { text, part } = content;
  const from = toSender({ ton: fields.source_addr_ton ?? 0, address: fields.source_addr ?? "" });
  const messageClass = classOf(fields.priority_flag ?? 0, smpp);
  const receipt = receiptOf(fields.registered_delivery ?? 0, smpp);
  const { user_message_reference: reference } = fields;
  return {
    type: "request",
    request: {
      body: {
        to,
        from,
        text,
        class: messageClass,
        ...(times.expireAt !== undefined && { expire_at: new Date(times.expireAt).toISOString() }),
        ...(reference !== undefined && { client_reference: `${reference}` }),
      },
      extras: {
        ...(times.notBefore !== undefined && { notBefore: times.notBefore }),
        ...(receipt !== undefined && { receipt }),
        ...(typeof to !== "string" && { grouped: true }),
        ...part,
      },
      reference,
    },
  };
}

/**
 * Who is sent what, as the PDU says it: the same for a repetition, whatever we make of it by then. Addresses and
 * octets, what says how to read them, when and how urgently; not what may be otherwise when a client sends it again, as
 * is a validity by its clock. Nothing that the account's settings have a say in.
 */
export function contentAsSent(fields: PduFields): string {
  const numbers = fields.dest_address?.map((one) => ("dl_name" in one ? one.dl_name : one.destination_addr));
  return JSON.stringify([
    numbers ?? fields.destination_addr ?? "",
    [fields.source_addr_ton ?? 0, fields.source_addr ?? ""],
    [(fields.esm_class ?? 0) & UDH_INDICATOR, fields.data_coding ?? 0],
    [fields.short_message, fields.message_payload].map((octets = new Uint8Array()) =>
      Buffer.from(octets).toString("hex"),
    ),
    [fields.sar_msg_ref_num, fields.sar_total_segments, fields.sar_segment_seqnum].map((value) => value ?? null),
    [fields.schedule_delivery_time ?? "", fields.priority_flag ?? 0],
  ]);
}

/** As the schema takes them: a text for one, a list for submit_multi. */
export function destinationsOf(command: string, fields: PduFields): string | readonly string[] | Refusal {
  if (command !== "submit_multi") {
    return toRecipient({ ton: fields.dest_addr_ton ?? 0, address: fields.destination_addr ?? "" });
  }
  const destinations = fields.dest_address ?? [];
  if (destinations.length < 1 || destinations.length > DESTINATIONS_MAX) {
    return { status: smppStatus.invalidDestinationCount };
  }
  const numbers = destinations.flatMap((one) =>
    "dl_name" in one ? [] : [toRecipient({ ton: one.dest_addr_ton, address: one.destination_addr })],
  );
  return numbers.length === destinations.length ? numbers : { status: smppStatus.invalidListName };
}

/** One of several that the customer has cut up. */
interface Part {
  readonly concat: ConcatPlace;
  readonly encoding: TextEncoding;
}

function readContent(
  fields: PduFields,
  { alphabet: agreed }: SmppAccount,
): { readonly text: string; readonly part?: Part } | Refusal {
  const esmClass = fields.esm_class ?? 0;
  if ((esmClass & TYPE_BITS) !== 0) return { status: smppStatus.invalidEsmClass };
  if ((fields.sm_default_msg_id ?? 0) !== 0) return { status: smppStatus.invalidDefaultMessage };
  if ((fields.replace_if_present_flag ?? 0) !== 0) return { status: smppStatus.replaceFailed };
  const { octets, concat } = contentOf(fields);
  // Any other header is for a program on the handset: as a text it would be nonsense.
  if ((esmClass & UDH_INDICATOR) !== 0 && concat === undefined) return { status: smppStatus.invalidEsmClass };
  const alphabet = alphabetOf(fields.data_coding ?? 0, agreed);
  if (alphabet === undefined || alphabet === "binary") return { status: smppStatus.invalidDataCoding };
  const text = decodeText(octets, alphabet);
  if (text === undefined) return { status: smppStatus.invalidLength };
  if (concat === undefined || concat.total === 1) return { text };
  const encoding = encodingOfPart(text, alphabet === "ucs2" ? "ucs2" : "gsm7");
  if (concat.total > SEGMENTS_MAX || !fitsOnePart(text, encoding)) return { status: smppStatus.invalidLength };
  const { reference, total, index } = concat;
  return { text, part: { concat: { reference, total, index }, encoding } };
}

interface Times {
  readonly expireAt?: number;
  readonly notBefore?: number;
}

/** Nobody keeps a message longer than EXPIRY_HOURS_MAX: who asks for more gets that. */
function readTimes(fields: PduFields, now: number): Times | Refusal {
  const schedule = parseSmppTime(fields.schedule_delivery_time ?? "", now);
  const validity = parseSmppTime(fields.validity_period ?? "", now);
  if (validity.type === "invalid") return { status: smppStatus.invalidExpiry };
  if (schedule.type === "invalid") return { status: smppStatus.invalidSchedule };
  const isScheduled = schedule.type === "time" && schedule.at > now;
  if (schedule.type === "time") {
    const isNear = schedule.at >= now - SCHEDULE_PAST_MS_MAX && schedule.at <= now + SCHEDULE_HOURS_MAX * HOUR_MS;
    if (!isNear) return { status: smppStatus.invalidSchedule };
  }
  if (validity.type === "time") {
    const from = isScheduled ? schedule.at : now;
    if (validity.at <= from) return { status: smppStatus.invalidExpiry };
  }
  return {
    ...(isScheduled && { notBefore: schedule.at }),
    ...(validity.type === "time" && { expireAt: Math.min(validity.at, now + EXPIRY_HOURS_MAX * HOUR_MS) }),
  };
}

const CLASS_BY_PRIORITY: readonly (MessageClass | undefined)[] = [undefined, "transactional", "alert", "alert"];

/** priority_flag 0 asks for nothing; what the account may not have is its default. */
function classOf(priority: number, { defaultClass, classes }: SmppAccount): MessageClass {
  const wanted = CLASS_BY_PRIORITY[priority];
  return wanted !== undefined && classes.includes(wanted) ? wanted : defaultClass;
}

/** Bits 1-0 [SMPP 5.0 §4.7.21]. Intermediate notifications (bit 4) are not sent. */
function receiptOf(registeredDelivery: number, { receipts }: SmppAccount): ReceiptWish | undefined {
  if (receipts === "none") return undefined;
  return RECEIPT_WISHES[registeredDelivery & 0x03] ?? (receipts === "all" ? "final" : undefined);
}
