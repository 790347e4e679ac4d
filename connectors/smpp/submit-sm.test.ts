import { expect, test } from "bun:test";
import type { OutboundSegment } from "../connector.ts";
import { backOffMs } from "./back-off.ts";
import { smppSettingsSchema } from "./settings.ts";
import { relativeTime, submitSmFields } from "./submit-sm.ts";

const settings = smppSettingsSchema.parse({ provider: "acme", host: "h", port: 1, systemId: "s", password: "p" });
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
  expect(submitSmFields(SEGMENT, settings)).toMatchObject({ esm_class: 0, short_message: Uint8Array.of(0x61, 0) });
  expect(submitSmFields({ ...SEGMENT, segments: 3, segment: 2 }, settings)).toMatchObject({
    esm_class: 0x40,
    short_message: Uint8Array.of(5, 0, 3, 300 & 0xff, 3, 3, 0x61, 0),
  });
});

test("urgency, alphabet, receipt and validity are said", () => {
  const fields = submitSmFields({ ...SEGMENT, encoding: "ucs2", urgent: true, validitySeconds: 90_061 }, settings);
  expect(fields).toMatchObject({
    data_coding: 8,
    priority_flag: 1,
    registered_delivery: 1,
    validity_period: "000001010101000R",
  });
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
