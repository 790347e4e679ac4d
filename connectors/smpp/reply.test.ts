import { describe, expect, test } from "bun:test";
import type { PduFields } from "#core/smpp/pdu.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import { parseReply } from "./reply.ts";

const parse = (fields: PduFields) => parseReply(fields, { provider: "acme", receivedAt: 5 });

describe("parseReply()", () => {
  test("reads addresses, text and time", () => {
    const fields = { source_addr_ton: 1, source_addr: "491701234567", destination_addr: "72345" };
    expect(parse({ ...fields, short_message: encodePart("Yes €", "gsm7") })).toEqual({
      provider: "acme",
      from: "+491701234567",
      to: "72345",
      text: "Yes €",
      encoding: "gsm7",
      receivedAt: 5,
    });
  });

  test("decodes by the whole data_coding octet", () => {
    const cases: readonly (readonly [dataCoding: number, octets: number[], text: string, encoding: string])[] = [
      [0x00, [0x00], "@", "gsm7"],
      [0x01, [0x40], "@", "latin1"],
      [0x03, [0xe9], "é", "latin1"],
      [0x04, [0x00, 0xff], "00ff", "binary"],
      [0x08, [0x04, 0x51], "ё", "ucs2"],
      [0x10, [0x00], "@", "gsm7"],
      [0x18, [0x04, 0x51], "ё", "ucs2"],
      [0xf0, [0x00], "@", "gsm7"],
      [0xf5, [0xab], "ab", "binary"],
    ];
    for (const [dataCoding, octets, text, encoding] of cases) {
      expect(parse({ data_coding: dataCoding, short_message: Uint8Array.from(octets) })).toMatchObject({
        text,
        encoding,
      });
    }
  });

  test("finds a part's place in the header, in sar TLVs, and in message_payload", () => {
    const header = Uint8Array.of(5, 0, 3, 7, 2, 1, 0x41);
    const place = { reference: 7, total: 2, index: 1, refBits: 8 } as const;
    expect(parse({ esm_class: 0x40, short_message: header })).toMatchObject({ text: "A", concat: place });
    expect(parse({ esm_class: 0x40, message_payload: header })).toMatchObject({ text: "A", concat: place });
    const sar = { sar_msg_ref_num: 300, sar_total_segments: 2, sar_segment_seqnum: 2 };
    expect(parse({ ...sar, short_message: Uint8Array.of(0x41) })).toMatchObject({
      concat: { reference: 300, total: 2, index: 2, refBits: 16 },
    });
    expect(parse({ ...sar, sar_segment_seqnum: 3 }).concat).toBeUndefined();
  });
});
