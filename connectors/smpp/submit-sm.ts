/** A segment as the fields of submit_sm [SMPP 3.4 §4.4.1]. Pure. */

import type { PduFields } from "#core/smpp/pdu.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { OutboundSegment } from "../connector.ts";
import { toSmppAddress } from "./address.ts";
import type { SmppSettings } from "./settings.ts";

const UDH_INDICATOR = 0x40;
/** A receipt for the final state, whatever it is. */
const FINAL_RECEIPT = 0x01;
const DATA_CODING = { gsm7: 0x00, ucs2: 0x08 } as const;
/** Nobody keeps a message longer, and the relative form has two digits for days. */
const VALIDITY_SECONDS_MAX = 30 * 86_400;

export function submitSmFields(segment: OutboundSegment, settings: SmppSettings): PduFields {
  const from = toSmppAddress(segment.from, settings.addresses);
  const to = toSmppAddress(segment.to, settings.addresses);
  const concatenated = segment.segments > 1;
  return {
    service_type: settings.serviceType,
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    source_addr: from.address,
    dest_addr_ton: to.ton,
    dest_addr_npi: to.npi,
    destination_addr: to.address,
    esm_class: concatenated ? UDH_INDICATOR : 0,
    priority_flag: segment.urgent ? 1 : 0,
    validity_period: segment.validitySeconds === undefined ? "" : relativeTime(segment.validitySeconds),
    registered_delivery: FINAL_RECEIPT,
    data_coding: DATA_CODING[segment.encoding],
    short_message: concatenated ? numberedPart(segment) : encodePart(segment.part, segment.encoding),
  };
}

function numberedPart(segment: OutboundSegment): Uint8Array {
  const header = concatHeader({
    reference: segment.concatReference,
    total: segment.segments,
    index: segment.segment + 1,
  });
  const content = encodePart(segment.part, segment.encoding);
  const octets = new Uint8Array(header.length + content.length);
  octets.set(header);
  octets.set(content, header.length);
  return octets;
}

/** `YYMMDDhhmmss000R`: relative, so that no clock but the provider's counts [SMPP 3.4 §7.1.1]. At least one second. */
export function relativeTime(seconds: number): string {
  const whole = Math.min(VALIDITY_SECONDS_MAX, Math.max(1, Math.floor(seconds)));
  const days = Math.floor(whole / 86_400);
  const parts = [days, Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  return `0000${parts.map((part) => String(part).padStart(2, "0")).join("")}000R`;
}
