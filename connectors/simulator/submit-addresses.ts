/** Who sent a submit and whom it is for. Pure. */
import type { PduFields } from "#core/smpp/pdu.ts";
import { fromSmppAddress } from "../smpp/address.ts";

/** With "+" where it looks like E.164. */
export function senderOf({ source_addr_ton: ton = 0, source_addr_npi: npi = 0, source_addr = "" }: PduFields): string {
  return fromSmppAddress({ ton, npi, address: source_addr });
}

export function recipientOf({
  dest_addr_ton: ton = 0,
  dest_addr_npi: npi = 0,
  destination_addr = "",
}: PduFields): string {
  return fromSmppAddress({ ton, npi, address: destination_addr });
}

/** Source and destination the other way round, as an answer of the handset or of the network has them. */
export function turnedAround(submit: PduFields): { -readonly [Name in keyof PduFields]: PduFields[Name] } {
  return {
    source_addr_ton: submit.dest_addr_ton ?? 0,
    source_addr_npi: submit.dest_addr_npi ?? 0,
    source_addr: submit.destination_addr ?? "",
    dest_addr_ton: submit.source_addr_ton ?? 0,
    dest_addr_npi: submit.source_addr_npi ?? 0,
    destination_addr: submit.source_addr ?? "",
  };
}
