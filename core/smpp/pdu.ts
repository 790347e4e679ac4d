/**
 * SMPP's own words, typed: commands, fields and the statuses we name. Field names are those of the specification, so
 * that they can be looked up there. Octets stay octets: nothing here guesses at a charset.
 */

/** Requests we send or serve. Others decode too (`unknown` when not even SMPP 5.0 has them). */
export type RequestCommand =
  | "bind_receiver"
  | "bind_transmitter"
  | "bind_transceiver"
  | "submit_sm"
  | "deliver_sm"
  | "data_sm"
  | "submit_multi"
  | "query_sm"
  | "cancel_sm"
  | "enquire_link"
  | "unbind";

export interface SmeAddress {
  readonly dest_addr_ton: number;
  readonly dest_addr_npi: number;
  readonly destination_addr: string;
}

/** Fields and TLVs by their name in SMPP 5.0. All optional: which ones a command has is its table's affair. */
export interface PduFields {
  readonly system_id?: string;
  readonly password?: string;
  readonly system_type?: string;
  readonly interface_version?: number;
  readonly service_type?: string;
  readonly source_addr_ton?: number;
  readonly source_addr_npi?: number;
  readonly source_addr?: string;
  readonly dest_addr_ton?: number;
  readonly dest_addr_npi?: number;
  readonly destination_addr?: string;
  readonly esm_class?: number;
  readonly priority_flag?: number;
  readonly schedule_delivery_time?: string;
  readonly validity_period?: string;
  readonly replace_if_present_flag?: number;
  readonly sm_default_msg_id?: number;
  readonly registered_delivery?: number;
  readonly data_coding?: number;
  readonly short_message?: Uint8Array;
  /** Of submit_multi: numbers, or names of lists that the SMSC would know. */
  readonly dest_address?: readonly (SmeAddress | { readonly dl_name: string })[];
  /** Of submit_multi_resp. */
  readonly unsuccess_sme?: readonly (SmeAddress & { readonly error_status_code: number })[];
  readonly message_id?: string;
  /** Of query_sm_resp. */
  readonly final_date?: string;
  readonly error_code?: number;
  readonly user_message_reference?: number;
  readonly receipted_message_id?: string;
  readonly message_state?: number;
  readonly network_error_code?: Uint8Array;
  readonly message_payload?: Uint8Array;
  readonly sar_msg_ref_num?: number;
  readonly sar_total_segments?: number;
  readonly sar_segment_seqnum?: number;
  readonly sc_interface_version?: number;
  readonly congestion_state?: number;
  /** TLVs that no table names (vendors' own), in order. */
  readonly unknown_tlvs?: readonly { readonly id: number; readonly value: Uint8Array }[];
}

export interface Pdu {
  /** The specification's name; "unknown" when it has none for `commandId`. */
  readonly command: string;
  readonly commandId: number;
  readonly status: number;
  readonly sequence: number;
  readonly fields: PduFields;
  /** Set when the body could not be read: the status to answer with. `fields` then holds what came before the fault. */
  readonly fault?: number;
}

export interface OutgoingPdu {
  readonly command: string;
  readonly status?: number;
  readonly sequence: number;
  readonly fields?: PduFields;
}

/** command_status values that this code says or looks for [SMPP 3.4 §5.1.3]; the full table is the connector's. */
export const Status = {
  ok: 0x00,
  invalidLength: 0x02,
  invalidCommand: 0x03,
  invalidBindState: 0x04,
  alreadyBound: 0x05,
  systemError: 0x08,
  invalidSource: 0x0a,
  invalidDestination: 0x0b,
  bindFailed: 0x0d,
  invalidPassword: 0x0e,
  invalidSystemId: 0x0f,
  throttled: 0x58,
  receiverTemporaryError: 0x64,
  invalidTlvStream: 0xc0,
} as const;

export const HEADER_BYTES = 16;
/** A message_payload holds up to 64 KiB; the rest of a PDU is far below the margin. Longer means lost framing. */
export const PDU_BYTES_MAX = 70_000;

const RESPONSE_BIT = 0x8000_0000;

export function isResponseId(commandId: number): boolean {
  return commandId >= RESPONSE_BIT;
}
