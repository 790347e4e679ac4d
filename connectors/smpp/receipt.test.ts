import { describe, expect, test } from "bun:test";
import type { PduFields } from "#core/smpp/pdu.ts";
import { encodeUcs2 } from "#domain/encoding/ucs2.ts";
import { parseReceipt, parseReceiptDate, readReceiptText } from "./receipt.ts";

const OPTIONS = { provider: "acme", withoutBit: false, idForm: "decimal" } as const;
const octets = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const receipt = (text: string, more: PduFields = {}) =>
  parseReceipt({ esm_class: 0x04, short_message: octets(text), ...more }, OPTIONS);

const TEXT =
  "id:0123456789 sub:001 dlvrd:001 submit date:2611221705 done date:2611221706 stat:DELIVRD err:000 text:Hello id:9";

describe("parseReceipt()", () => {
  test("reads the text of SMPP 3.4 appendix B", () => {
    const addresses = { source_addr_ton: 1, source_addr: "491701234567", destination_addr: "Shop" };
    expect(receipt(TEXT, addresses)).toEqual({
      provider: "acme",
      providerMessageId: "123456789",
      rawProviderMessageId: "0123456789",
      state: "delivered",
      error: "000",
      doneAt: Date.UTC(2026, 10, 22, 17, 6),
      from: "+491701234567",
      to: "Shop",
    });
  });

  test("reads keys in any order and case, with fields missing", () => {
    expect(receipt("STAT:undeliv ERR:0A1 ID:abc-9")).toMatchObject({
      providerMessageId: "abc-9",
      state: "undelivered",
      error: "0A1",
    });
    expect(receipt("id:1 stat:EXPIRED")).toMatchObject({ state: "expired", error: "" });
    expect(receipt("id:1,stat:REJECTD,done_date:261122170659")).toMatchObject({
      state: "rejected",
      doneAt: Date.UTC(2026, 10, 22, 17, 6, 59),
    });
    expect(receipt("id:1 stat:SOMETHING")).toMatchObject({ state: "unknown" });
  });

  test("TLVs win over the text", () => {
    const tlvs = { receipted_message_id: "tlv", message_state: 5, network_error_code: Uint8Array.of(3, 0, 33) };
    expect(receipt(TEXT, tlvs)).toMatchObject({ providerMessageId: "tlv", state: "undelivered", error: "000" });
    expect(receipt("", tlvs)).toMatchObject({ providerMessageId: "tlv", state: "undelivered", error: "3:33" });
  });

  test("nothing that the sender wrote after text: counts", () => {
    expect(receipt("id:1 stat:DELIVRD err:000 text:id:2 stat:REJECTD err:666")).toMatchObject({
      providerMessageId: "1",
      state: "delivered",
      error: "000",
    });
  });

  test("text flagged as UCS-2 is read whether it is or not", () => {
    expect(receipt("id:7 stat:DELIVRD", { data_coding: 8 })).toMatchObject({ providerMessageId: "7" });
    const ucs2 = { data_coding: 8, short_message: encodeUcs2("id:7 stat:DELIVRD") };
    expect(receipt("", ucs2)).toMatchObject({ providerMessageId: "7", state: "delivered" });
  });

  test("one that is marked is a receipt even when it says nothing", () => {
    expect(receipt("")).toMatchObject({ providerMessageId: "", state: "unknown", error: "" });
    expect(parseReceipt({ esm_class: 0x20, receipted_message_id: "1", message_state: 1 }, OPTIONS)).toMatchObject({
      state: "enroute",
    });
    expect(parseReceipt({ receipted_message_id: "1", message_state: 2 }, OPTIONS)).toMatchObject({
      state: "delivered",
    });
  });

  test("a handset's text that reads like a receipt is one only where the setting says so", () => {
    const fields = { short_message: octets(TEXT) };
    expect(parseReceipt(fields, OPTIONS)).toBeUndefined();
    expect(parseReceipt(fields, { ...OPTIONS, withoutBit: true })).toMatchObject({
      rawProviderMessageId: "0123456789",
    });
    expect(parseReceipt({ short_message: octets("id: what?") }, { ...OPTIONS, withoutBit: true })).toBeUndefined();
  });
});

test("parseReceiptDate() takes 10 and 12 digits and refuses what is no date", () => {
  expect(parseReceiptDate("2611221706")).toBe(Date.UTC(2026, 10, 22, 17, 6));
  expect(parseReceiptDate("261122170659")).toBe(Date.UTC(2026, 10, 22, 17, 6, 59));
  for (const text of ["", "261322170659", "2611", "26112217065", "abcdefghij"])
    expect(parseReceiptDate(text)).toBeUndefined();
});

test("readReceiptText() is linear on hostile text", () => {
  expect(readReceiptText("id:".repeat(20_000) + " ".repeat(20_000)).id).toBeDefined();
});
