import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { tracePdu } from "./trace-pdu.ts";

test("numbers are masked, texts and secrets are not there, all else is", () => {
  const traced = tracePdu({
    command: "submit_sm",
    sequence: 7,
    fields: {
      source_addr: "Shop",
      destination_addr: "491701234567",
      esm_class: 0x40,
      data_coding: 8,
      short_message: Buffer.from("secret code 4711"),
      unknown_tlvs: [{ id: 0x1400, value: Buffer.from("1101") }],
    },
  });
  expect(traced).toMatchObject({ command: "submit_sm", status: 0, sequence: 7, octets: 16 });
  expect(traced.fields).toBe("esm_class=64 data_coding=8 tlv_1400=4_octets");
  expect(JSON.stringify(traced)).not.toContain("4711");
  expect(JSON.stringify(traced)).not.toContain("1701234567");
  const bind = tracePdu({ command: "bind_transceiver", sequence: 1, fields: { system_id: "acme", password: "hush" } });
  expect(bind.fields).toBe("system_id=acme password");
});

test("of a receipt its keys are shown, and not the customer's text", () => {
  const text = "id:0123 sub:001 dlvrd:001 stat:DELIVRD err:000 Text:your code is 4711";
  const { fields } = tracePdu({
    command: "deliver_sm",
    sequence: 1,
    fields: { esm_class: 4, short_message: Buffer.from(text) },
  });
  expect(fields).toBe('esm_class=4 receipt="id:0123 sub:001 dlvrd:001 stat:DELIVRD err:000"');
});
