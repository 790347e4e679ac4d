/** A segment as the fields of submit_sm [SMPP 3.4 §4.4.1], in the way that its link's settings say. Pure. */

import { Buffer } from "node:buffer";
import { PduFieldError } from "#core/smpp/codec.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { OutboundSegment } from "../connector.ts";
import { toSmppAddress } from "./address.ts";
import type { SmppSettings } from "./settings.ts";

const UDH_INDICATOR = 0x40;
const REGISTERED_DELIVERY = { final: 0x01, failure: 0x02, intermediate: 0x11, none: 0x00 } as const;
/** Nobody keeps a message longer, and the relative form has two digits for days. */
const VALIDITY_SECONDS_MAX = 30 * 86_400;
/** What the air carries [3GPP TS 23.040 §9.2.3.16], a user data header included. */
const AIR_OCTETS_MAX = 140;
const NOT_LATIN1 = /[^\u0000-\u00ff]/;

/** `now`: milliseconds since the epoch. Throws PduFieldError for what this link cannot carry. */
export function submitSmFields(segment: OutboundSegment, settings: SmppSettings, now: number): PduFields {
  const from = toSmppAddress(segment.from, settings.addresses);
  const to = toSmppAddress(segment.to, settings.addresses);
  const { octets, dataCoding } = encodeText(segment, settings);
  const concatenated = segment.segments > 1;
  const bySar = settings.concatenation === "sar";
  const content = concatenated && !bySar ? withHeader(segment, octets) : octets;
  return {
    service_type: settings.serviceType,
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    source_addr: from.address,
    dest_addr_ton: to.ton,
    dest_addr_npi: to.npi,
    destination_addr: to.address,
    esm_class: concatenated && !bySar ? UDH_INDICATOR : 0,
    priority_flag: segment.urgent ? 1 : 0,
    validity_period: validityPeriod(segment.validitySeconds, settings, now),
    registered_delivery: REGISTERED_DELIVERY[settings.receipts],
    data_coding: dataCoding,
    ...(settings.contentIn === "message_payload" ? { message_payload: content } : { short_message: content }),
    ...(concatenated && bySar ? sarFields(segment) : {}),
    ...(settings.tlvs.length > 0 ? { unknown_tlvs: settings.tlvs } : {}),
  };
}

/**
 * By the alphabet that the link wants. A text of the GSM alphabet that Latin-1 has not (Greek, the euro) goes as UCS-2
 * there, if its part is short enough for that.
 */
function encodeText({ part, encoding, segments }: OutboundSegment, settings: SmppSettings) {
  const { charset, dataCodings } = settings;
  if (encoding === "gsm7" && charset === "latin1") {
    if (!NOT_LATIN1.test(part)) return { octets: Buffer.from(part, "latin1"), dataCoding: dataCodings.gsm7 };
    const octets = encodePart(part, "ucs2");
    const max = segments > 1 ? AIR_OCTETS_MAX - 6 : AIR_OCTETS_MAX;
    if (octets.length > max) throw new PduFieldError("short_message", octets.length, max);
    return { octets, dataCoding: dataCodings.ucs2 };
  }
  return { octets: encodePart(part, encoding), dataCoding: dataCodings[encoding] };
}

function withHeader(segment: OutboundSegment, content: Uint8Array): Uint8Array {
  const header = concatHeader({
    reference: segment.concatReference,
    total: segment.segments,
    index: segment.segment + 1,
  });
  const octets = new Uint8Array(header.length + content.length);
  octets.set(header);
  octets.set(content, header.length);
  return octets;
}

/** The SMSC makes the header of these [SMPP 3.4 §5.3.2.22-24]. */
function sarFields(segment: OutboundSegment): PduFields {
  return {
    sar_msg_ref_num: segment.concatReference,
    sar_total_segments: segment.segments,
    sar_segment_seqnum: segment.segment + 1,
  };
}

function validityPeriod(seconds: number | undefined, { validity }: SmppSettings, now: number): string {
  if (seconds === undefined || validity === "none") return "";
  return validity === "relative" ? relativeTime(seconds) : absoluteTime(now + boundedSeconds(seconds) * 1_000);
}

/** `YYMMDDhhmmss000R`: relative, so that no clock but the provider's counts [SMPP 3.4 §7.1.1]. At least one second. */
export function relativeTime(seconds: number): string {
  const whole = boundedSeconds(seconds);
  const days = Math.floor(whole / 86_400);
  const parts = [days, Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  return `0000${parts.map((part) => String(part).padStart(2, "0")).join("")}000R`;
}

/** `YYMMDDhhmmss000+`: in UTC, for the SMSC that takes no relative one [SMPP 3.4 §7.1.1]. */
function absoluteTime(at: number): string {
  return `${new Date(at).toISOString().slice(2, 19).replace(/[-T:]/g, "")}000+`;
}

function boundedSeconds(seconds: number): number {
  return Math.min(VALIDITY_SECONDS_MAX, Math.max(1, Math.floor(seconds)));
}
