/** One good PDU or more of every command of SMPP 3.4 and some of 5.0, to be broken by tests. */
import { Buffer } from "node:buffer";
import { encodePdu } from "../codec.ts";
import type { PduFields } from "../pdu.ts";

const ADDRESSES = { source_addr: "72345", dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "491701234567" };
const TEXT = Buffer.from("a text of some octets");
const MESSAGE: PduFields = { ...ADDRESSES, registered_delivery: 1, short_message: TEXT };
const BIND: PduFields = { system_id: "esme", password: "secret", interface_version: 0x34 };
const RECEIPT: PduFields = {
  ...ADDRESSES,
  esm_class: 4,
  short_message: Buffer.from("id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:"),
  receipted_message_id: "1",
  message_state: 2,
  network_error_code: Uint8Array.of(3, 0, 0),
};
const PART: PduFields = { ...MESSAGE, esm_class: 0x40, short_message: Buffer.from("0500030a0301c3a9", "hex") };
const SAR: PduFields = { ...MESSAGE, sar_msg_ref_num: 9, sar_total_segments: 3, sar_segment_seqnum: 2 };
const PAYLOAD: PduFields = { ...ADDRESSES, message_payload: Buffer.alloc(900, 0x41) };
const VENDOR: PduFields = { ...MESSAGE, unknown_tlvs: [{ id: 0x1401, value: Buffer.from("vendor") }] };

const WITH_FIELDS: readonly (readonly [command: string, fields: PduFields])[] = [
  ["bind_receiver", BIND],
  ["bind_transmitter", BIND],
  ["bind_transceiver", BIND],
  ["bind_receiver_resp", { system_id: "smsc", sc_interface_version: 0x34 }],
  ["bind_transmitter_resp", { system_id: "smsc" }],
  ["bind_transceiver_resp", { system_id: "smsc", sc_interface_version: 0x34 }],
  ["submit_sm", MESSAGE],
  ["submit_sm", PART],
  ["submit_sm", SAR],
  ["submit_sm", PAYLOAD],
  ["submit_sm", VENDOR],
  ["submit_sm_resp", { message_id: "1a2b" }],
  ["submit_sm_resp", { message_id: "1", congestion_state: 50 }],
  ["deliver_sm", MESSAGE],
  ["deliver_sm", PART],
  ["deliver_sm", RECEIPT],
  ["deliver_sm", PAYLOAD],
  ["deliver_sm_resp", {}],
  ["data_sm", { ...ADDRESSES, message_payload: TEXT }],
  ["data_sm_resp", { message_id: "77" }],
];

/** Commands whose fields this code never names: all defaults. */
const BARE = [
  "enquire_link",
  "enquire_link_resp",
  "unbind_resp",
  "query_sm",
  "query_sm_resp",
  "cancel_sm",
  "cancel_sm_resp",
  "replace_sm",
  "replace_sm_resp",
  "submit_multi",
  "submit_multi_resp",
  "alert_notification",
  "outbind",
  "generic_nack",
  "broadcast_sm",
  "broadcast_sm_resp",
  "query_broadcast_sm",
  "cancel_broadcast_sm",
] as const;

/** Two destinations by number and one list, then the rest of a message [SMPP 3.4 §4.5.1]. */
const SUBMIT_MULTI_BODY =
  "00 0000 37323334 3500 03 01 0101 343931373000 02 6c69737400 01 0101 343931373100 00 00 00 00 00 01 00 00 00 02 4142";

function framed(commandId: number, body: Buffer): Buffer {
  const frame = Buffer.concat([Buffer.alloc(16), body]);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(commandId, 4);
  frame.writeUInt32BE(1, 12);
  return frame;
}

/** Copies each time, as they are there to be written over. `unbind` is left out: it ends whatever it is sent to. */
export function validPdus(): [Buffer, ...Buffer[]] {
  const unknown = framed(0x0000_0999, TEXT);
  return [
    framed(0x0000_0021, Buffer.from(SUBMIT_MULTI_BODY.replaceAll(" ", ""), "hex")),
    unknown,
    ...WITH_FIELDS.map(([command, fields]) => encodePdu({ command, sequence: 1, fields })),
    ...BARE.map((command) => encodePdu({ command, sequence: 1 })),
  ];
}

export function unbindPdu(): Buffer {
  return encodePdu({ command: "unbind", sequence: 1 });
}
