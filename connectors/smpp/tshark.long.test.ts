/** Every PDU that we write, read by tshark: nothing is malformed, and each field says what ours says. */
import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodePdu, encodePdu } from "#core/smpp/codec.ts";
import type { Pdu, PduFields } from "#core/smpp/pdu.ts";
import { encodeGsm7 } from "#domain/encoding/gsm7.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { openTap } from "#testkit/peers/tap.ts";
import { type Dissection, dissect, type WrittenPdu } from "#testkit/peers/tshark.ts";
import { until } from "#testkit/until.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "./testing/hard-texts.ts";
import { openTestConnector, openTestSimulator } from "./testing/open-pair.ts";

const SET_UP_MS = 600_000;
const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString("hex");

/** tshark's words for what has another name or another form there. */
function saidBy({ fields }: Dissection): Readonly<Record<string, string | number | undefined>> {
  const one = (name: string): string | undefined => fields[`smpp.${name}`]?.[0];
  const number = (name: string): number | undefined => {
    const text = one(name);
    return text === undefined ? undefined : Number(text);
  };
  const octets = (name: string): string | undefined => one(name)?.replaceAll(":", "");
  const bits = (...parts: readonly (readonly [name: string, shift: number])[]): number =>
    parts.reduce((sum, [name, shift]) => sum | ((number(name) ?? 0) << shift), 0);
  return {
    command_id: number("command_id"),
    status: number("command_status") ?? 0,
    sequence: number("sequence_number"),
    system_id: one("system_id"),
    password: one("password"),
    interface_version: number("interface_version"),
    source_addr_ton: number("source_addr_ton"),
    source_addr_npi: number("source_addr_npi"),
    source_addr: one("source_addr"),
    dest_addr_ton: number("dest_addr_ton"),
    dest_addr_npi: number("dest_addr_npi"),
    destination_addr: one("destination_addr"),
    esm_class: bits(["esm.submit.msg_mode", 0], ["esm.submit.msg_type", 2], ["esm.submit.features", 6]),
    registered_delivery: bits(["regdel.receipt", 0], ["regdel.acks", 2], ["regdel.notif", 4]),
    priority_flag: number("priority_flag"),
    data_coding: number("data_coding"),
    short_message: octets("message"),
    message_id: one("message_id"),
    receipted_message_id: one("receipted_message_id"),
    message_state: number("message_state"),
    sar_msg_ref_num: number("sar_msg_ref_num"),
    sar_total_segments: number("sar_total_segments"),
    sar_segment_seqnum: number("sar_segment_seqnum"),
    sc_interface_version: number("SC_interface_version"),
    congestion_state: number("congestion_state"),
    message_payload: octets("message_payload"),
    vendor: octets("vendor_op"),
  };
}

function saidByUs({ commandId, status, sequence, fields }: Pdu): Readonly<Record<string, string | number | undefined>> {
  const { short_message, message_payload, unknown_tlvs, network_error_code: _, ...rest } = fields;
  const known = saidBy({ fields: {}, malformed: false });
  // tshark leaves out what is empty.
  const named = Object.fromEntries(Object.entries(rest).filter(([name, value]) => name in known && value !== ""));
  return {
    command_id: commandId,
    status,
    sequence,
    ...(named as Record<string, string | number>),
    ...(short_message?.length ? { short_message: hex(short_message) } : {}),
    ...(message_payload === undefined ? {} : { message_payload: hex(message_payload) }),
    ...(unknown_tlvs === undefined ? {} : { vendor: hex(unknown_tlvs[0]?.value) }),
  };
}

async function expectAgreement(pdus: readonly WrittenPdu[]): Promise<readonly Dissection[]> {
  const dissections = await dissect(pdus);
  expect(dissections).toHaveLength(pdus.length);
  for (const [i, { octets }] of pdus.entries()) {
    const dissection = dissections[i];
    if (dissection === undefined) throw new Error("Cannot compare: tshark says nothing");
    expect({ pdu: hex(octets), malformed: dissection.malformed }).toEqual({ pdu: hex(octets), malformed: false });
    expect(saidBy(dissection)).toMatchObject(saidByUs(decodePdu(Buffer.from(octets))));
  }
  return dissections;
}

const ADDRESSES = { source_addr_ton: 5, source_addr: "Shop", dest_addr_ton: 1, dest_addr_npi: 1 } as const;
const TO: PduFields = { ...ADDRESSES, destination_addr: "491701234567" };

test(
  "every kind of PDU, written by the encoder",
  async () => {
    const esme = (command: string, fields: PduFields = {}, status = 0): WrittenPdu => ({
      from: "esme",
      octets: encodePdu({ command, sequence: 7, fields, status }),
    });
    const smsc = (...pdu: Parameters<typeof esme>): WrittenPdu => ({ ...esme(...pdu), from: "smsc" });
    const bind = { system_id: "godwit", password: "secret", system_type: "sms", interface_version: 0x34 };
    const text = Buffer.from("text");
    await expectAgreement([
      ...["bind_transmitter", "bind_receiver", "bind_transceiver"].map((command) => esme(command, bind)),
      ...["bind_transmitter_resp", "bind_receiver_resp", "bind_transceiver_resp"].map((command) =>
        smsc(command, { system_id: "SMSC", sc_interface_version: 0x34 }),
      ),
      smsc("bind_transceiver_resp", {}, 0x0e),
      ...[0, 1, 3, 4, 8, 0x10, 0x18, 0xf0].map((data_coding) =>
        esme("submit_sm", { ...TO, data_coding, short_message: text }),
      ),
      esme("submit_sm", { ...TO, esm_class: 0x40, short_message: Buffer.from("0500030a0301c3a9", "hex") }),
      esme("submit_sm", { ...TO, sar_msg_ref_num: 513, sar_total_segments: 3, sar_segment_seqnum: 2 }),
      esme("submit_sm", { ...TO, message_payload: Buffer.alloc(2_000, 0x41) }),
      esme("submit_sm", { ...TO, short_message: text, unknown_tlvs: [{ id: 0x1401, value: Buffer.from("own") }] }),
      esme("submit_sm", { ...TO, priority_flag: 1, registered_delivery: 0x11, validity_period: "000001020304000R" }),
      smsc("submit_sm_resp", { message_id: "1A2b" }),
      smsc("submit_sm_resp", { message_id: "1", congestion_state: 90 }),
      smsc("submit_sm_resp", {}, 0x58),
      smsc("deliver_sm", { ...TO, esm_class: 4, receipted_message_id: "1A2b", message_state: 2, short_message: text }),
      smsc("deliver_sm", { ...TO, network_error_code: Buffer.from([3, 0, 33]) }),
      esme("deliver_sm_resp"),
      esme("deliver_sm_resp", {}, 0x64),
      smsc("data_sm", { ...TO, message_payload: text }),
      esme("data_sm_resp", { message_id: "9" }),
      ...["enquire_link", "enquire_link_resp", "unbind", "unbind_resp"].map((command) => esme(command)),
      esme("generic_nack", {}, 0x03),
    ]);
  },
  SET_UP_MS,
);

test(
  "what connector and simulator say to each other",
  async () => {
    await using simulator = await openTestSimulator({ ids: "hex_then_decimal" });
    await using tap = await openTap(simulator.port);
    const came = { receipts: 0, replies: 0 };
    const handlers = {
      onReceipt: async () => void came.receipts++,
      onReply: async () => void came.replies++,
    };
    const texts = ["Hello", GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS];
    let submitted = 0;
    for (const bindAs of ["trx", "tx+rx"]) {
      await using connector = openTestConnector(tap.port, handlers, { bindAs, enquireLinkMs: 20 });
      await untilOpen(connector);
      for (const text of texts) {
        const { encoding, parts } = segmentText(text);
        for (const [i, part] of parts.entries()) {
          const place = { segment: i, segments: parts.length, concatReference: 77, validitySeconds: 90_061 };
          await connector.submit(segment({ ...place, encoding, part, to: "+4917012340001" }), alwaysMayWrite);
          submitted++;
        }
      }
      await connector.submit(segment({ to: "+4917012340003" }), alwaysMayWrite);
      simulator.reply({ from: "+491701234567", to: "72345", text: UCS2_TEN_PARTS });
      await until("receipts", 20_000, () => (came.receipts === submitted ? true : undefined));
    }
    await until("replies", 20_000, () => (came.replies >= 20 ? true : undefined));
    const pdus = tap.pdus();
    const commands = new Set(pdus.map(({ octets }) => decodePdu(Buffer.from(octets)).command));
    for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver", "submit_sm", "deliver_sm"]) {
      expect(commands).toContain(command);
      expect(commands).toContain(`${command}_resp`);
    }
    for (const command of ["enquire_link", "enquire_link_resp", "unbind", "unbind_resp"])
      expect(commands).toContain(command);
    const dissections = await expectAgreement(pdus);

    // Its own reading of the alphabet, of the places of parts, and of the relative time.
    const alphabet = dissections.find(({ fields }) => {
      return fields["smpp.message"]?.[0]?.replaceAll(":", "") === hex(encodeGsm7(GSM7_ALPHABET));
    });
    expect(alphabet?.fields["smpp.message_text"]?.[0]).toBe(GSM7_ALPHABET);
    expect(alphabet?.fields["smpp.validity_period_r"]?.[0]).toBe("90061.000000000");
    const places = dissections.flatMap(({ fields }) => fields["gsm_sms.udh.mm.msg_part"] ?? []);
    expect(new Set(places)).toEqual(new Set(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]));
  },
  SET_UP_MS,
);
