import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { z } from "zod";
import { PduFieldError } from "#core/smpp/codec.ts";
import { backOffMs } from "../back-off.ts";
import type { OutboundSegment } from "../connector.ts";
import { smppSettingsSchema } from "./settings.ts";
import { relativeTime, submitSmFields } from "./submit-sm.ts";

const REQUIRED = { type: "smpp", provider: "acme", host: "h", port: 1, systemId: "s", password: "p" };
const settings = smppSettingsSchema.parse(REQUIRED);
/** 2026-11-23 21:04:05 UTC. */
const NOW = Date.UTC(2026, 10, 23, 21, 4, 5);
const fieldsBy = (own: object, more: Partial<OutboundSegment> = {}) =>
  submitSmFields({ ...SEGMENT, ...more }, smppSettingsSchema.parse({ ...REQUIRED, ...own }), NOW);
const SEGMENT: OutboundSegment = {
  messageId: "m",
  segment: 0,
  segments: 1,
  to: "+491701234567",
  from: "Shop",
  encoding: "gsm7",
  part: "a@",
  concatReference: 300,
  urgent: false,
};

test("a lone part travels without a header, one of several with it", () => {
  expect(submitSmFields(SEGMENT, settings, NOW)).toMatchObject({ esm_class: 0, short_message: Uint8Array.of(0x61, 0) });
  expect(submitSmFields({ ...SEGMENT, segments: 3, segment: 2 }, settings, NOW)).toMatchObject({
    esm_class: 0x40,
    short_message: Uint8Array.of(5, 0, 3, 300 & 0xff, 3, 3, 0x61, 0),
  });
});

test("urgency, alphabet, receipt and validity are said", () => {
  const fields = submitSmFields({ ...SEGMENT, encoding: "ucs2", urgent: true, validitySeconds: 90_061 }, settings, NOW);
  expect(fields).toMatchObject({
    data_coding: 8,
    priority_flag: 1,
    registered_delivery: 1,
    validity_period: "000001010101000R",
  });
});

test("a link's settings say how parts are numbered and where the content goes", () => {
  const part = { segments: 3, segment: 2 };
  const bySar = fieldsBy({ concatenation: "sar" }, part);
  expect(bySar).toMatchObject({
    esm_class: 0,
    short_message: Uint8Array.of(0x61, 0),
    sar_msg_ref_num: 300,
    sar_total_segments: 3,
    sar_segment_seqnum: 3,
  });
  expect(fieldsBy({ concatenation: "sar" }).sar_msg_ref_num).toBeUndefined();
  const inPayload = fieldsBy({ contentIn: "message_payload" }, part);
  expect(inPayload).toMatchObject({ esm_class: 0x40, message_payload: Uint8Array.of(5, 0, 3, 44, 3, 3, 0x61, 0) });
  expect(inPayload.short_message).toBeUndefined();
});

test("and how text, numbers, receipts, validity and vendors' TLVs look", () => {
  expect(fieldsBy({ dataCodings: { gsm7: 0xf1, ucs2: 0x18 } }).data_coding).toBe(0xf1);
  expect(fieldsBy({ dataCodings: { ucs2: 0x18 } }, { encoding: "ucs2" }).data_coding).toBe(0x18);
  const international = { ton: 0, npi: 1, prefix: "00" };
  expect(fieldsBy({ addresses: { international } })).toMatchObject({
    dest_addr_ton: 0,
    destination_addr: "00491701234567",
  });
  expect(fieldsBy({ receipts: "intermediate" }).registered_delivery).toBe(0x11);
  expect(fieldsBy({ validity: "absolute" }, { validitySeconds: 3_600 }).validity_period).toBe("261123220405000+");
  expect(fieldsBy({ validity: "none" }, { validitySeconds: 3_600 }).validity_period).toBe("");
  const tlvs = [
    { id: 0x1400, text: "11" },
    { id: 0x1401, hex: "00fF" },
  ];
  expect(fieldsBy({ tlvs }).unknown_tlvs).toEqual([
    { id: 0x1400, value: Buffer.from([0x31, 0x31, 0]) },
    { id: 0x1401, value: Buffer.from([0, 0xff]) },
  ]);
});

test("an SMSC that takes Latin-1 gets it; what it cannot say goes as UCS-2 where that fits, else is refused", () => {
  const latin1 = { charset: "latin1", dataCodings: { gsm7: 3 } };
  expect(fieldsBy(latin1, { part: "é@" })).toMatchObject({ data_coding: 3, short_message: Buffer.from([0xe9, 0x40]) });
  expect(fieldsBy(latin1, { part: "5 €" })).toMatchObject({
    data_coding: 8,
    short_message: Uint8Array.of(0, 0x35, 0, 0x20, 0x20, 0xac),
  });
  expect(() => fieldsBy(latin1, { part: "€".repeat(71) })).toThrow(PduFieldError);
  expect(() => fieldsBy(latin1, { part: "€".repeat(68), segments: 2 })).toThrow(PduFieldError);
});

test("settings that cannot be are refused by name", () => {
  const problems = (own: object): string =>
    z.prettifyError(smppSettingsSchema.safeParse({ ...REQUIRED, ...own }).error ?? new z.ZodError([]));
  expect(problems({ tlvs: [{ id: 5, text: "x" }] })).toContain("expected number to be >=5120\n  → at tlvs[0].id");
  expect(problems({ tlvs: [{ id: 5120 }] })).toContain("must be { id: 5120-16383, text }");
  expect(problems({ statuses: { "0x45": "recipient" } })).toContain("statuses");
  expect(problems({ statuses: { 69: "gone" } })).toContain("statuses");
  expect(problems({ ratePerSecond: 0 })).toContain("ratePerSecond");
});

test("relativeTime() is bounded at both ends", () => {
  expect(relativeTime(0)).toBe("000000000001000R");
  expect(relativeTime(1e9)).toBe("000030000000000R");
});

test("backOffMs() doubles to its bound, the upper half by chance", () => {
  const bounds = { minMs: 1_000, maxMs: 60_000 };
  expect(backOffMs({ ...bounds, failures: 1, fraction: 0 })).toBe(500);
  expect(backOffMs({ ...bounds, failures: 1, fraction: 0.999_999 })).toBe(1_000);
  expect(backOffMs({ ...bounds, failures: 4, fraction: 0 })).toBe(4_000);
  expect(backOffMs({ ...bounds, failures: 1_000, fraction: 0.999_999 })).toBe(60_000);
});
