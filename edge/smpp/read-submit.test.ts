import { expect, test } from "bun:test";
import { smppAccountSchema } from "#core/directory/smpp-account.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import { contentAsSent, destinationsOf, readSubmit } from "./read-submit.ts";

const NOW = Date.UTC(2028, 0, 31, 12, 0, 0);
const settings = { systemId: "acme", passwordSha256: "a".repeat(64) };
const octets = (text: string, alphabet: "gsm7" | "ucs2" = "gsm7") => encodePart(text, alphabet);
const submit: PduFields = {
  source_addr_ton: 5,
  source_addr: "Shop",
  dest_addr_ton: 1,
  destination_addr: "61491570006",
  short_message: octets("Hello [you]"),
};

function read(fields: PduFields = {}, account: object = {}) {
  const all = { ...submit, ...fields };
  const to = destinationsOf("submit_sm", all);
  if (typeof to !== "string") throw new Error("one recipient");
  const result = readSubmit(all, to, { smpp: smppAccountSchema.parse({ ...settings, ...account }), now: NOW });
  return result.type === "refused" ? result.status : ({ ...result.request.body, ...result.request.extras } as object);
}
const withHeader = (header: Uint8Array, text: string) => Uint8Array.of(...header, ...octets(text));

test("a plain submit_sm is a plain message", () => {
  expect(read()).toEqual({ to: "+61491570006", from: "Shop", text: "Hello [you]", class: "transactional" });
});

test("the text is read by its data_coding, wherever it stands", () => {
  expect(read({ data_coding: 8, short_message: octets("Привет 🙂", "ucs2") })).toMatchObject({ text: "Привет 🙂" });
  expect(read({ data_coding: 3, short_message: Uint8Array.of(0xe9) })).toMatchObject({ text: "é" });
  expect(read({ short_message: Uint8Array.of(0xe9) }, { alphabet: "latin1" })).toMatchObject({ text: "é" });
  const long = "x".repeat(400);
  expect(read({ short_message: new Uint8Array(0), message_payload: octets(long) })).toMatchObject({ text: long });
});

test("one part of a cut-up text stays that part", () => {
  const header = concatHeader({ reference: 7, total: 3, index: 2 });
  const concat = { reference: 7, total: 3, index: 2 };
  expect(read({ esm_class: 0x40, short_message: withHeader(header, "middle") })).toMatchObject({
    text: "middle",
    concat,
  });
  const sar = { sar_msg_ref_num: 900, sar_total_segments: 3, sar_segment_seqnum: 2 };
  expect(read(sar)).toMatchObject({ text: "Hello [you]", concat: { ...concat, reference: 900 } });
  expect(read({ ...sar, sar_total_segments: 1, sar_segment_seqnum: 1 })).not.toHaveProperty("concat");
});

test("a part keeps the alphabet that its sender chose, as all parts of a text must have one", () => {
  const part = (text: string, coding: number) =>
    read({
      ...{ esm_class: 0x40, data_coding: coding },
      short_message: Uint8Array.of(
        ...concatHeader({ reference: 7, total: 3, index: 3 }),
        ...octets(text, coding === 8 ? "ucs2" : "gsm7"),
      ),
    });
  expect(part("ok", 8)).toMatchObject({ text: "ok", encoding: "ucs2" });
  expect(part("ok", 0)).toMatchObject({ text: "ok", encoding: "gsm7" });
  expect(part("x".repeat(67), 8)).toMatchObject({ encoding: "ucs2" });
  expect(part("x".repeat(68), 8)).toBe(0x01);
  expect(read({ data_coding: 8, short_message: octets("ok", "ucs2") })).not.toHaveProperty("encoding");
});

test.each<[string, PduFields, number]>([
  [
    "a part that fills a whole message",
    { esm_class: 0x40, short_message: withHeader(concatHeader({ reference: 1, total: 2, index: 1 }), "x".repeat(154)) },
    0x01,
  ],
  ["more parts than operators deliver", { sar_msg_ref_num: 1, sar_total_segments: 11, sar_segment_seqnum: 1 }, 0x01],
  ["a header for a program", { esm_class: 0x40, short_message: Uint8Array.of(6, 5, 4, 0x15, 0x81, 0, 0, 65) }, 0x43],
  ["a receipt", { esm_class: 0x04 }, 0x43],
  ["binary", { data_coding: 4 }, 0x104],
  ["an alphabet that nobody reads", { data_coding: 0x0d }, 0x104],
  ["half a character", { data_coding: 8, short_message: Uint8Array.of(0) }, 0x01],
  ["a text of our own", { sm_default_msg_id: 3 }, 0x63],
  ["a replacement", { replace_if_present_flag: 1 }, 0x13],
  ["a validity that is no time", { validity_period: "soon" }, 0x62],
  ["a validity that has passed", { validity_period: "280131115959000+" }, 0x62],
  [
    "a validity before its schedule",
    { schedule_delivery_time: "000000020000000R", validity_period: "000000010000000R" },
    0x62,
  ],
  ["a schedule that is no time", { schedule_delivery_time: "x" }, 0x61],
  ["a schedule of long ago", { schedule_delivery_time: "280130120000000+" }, 0x61],
  ["a schedule too far ahead", { schedule_delivery_time: "000004000000000R" }, 0x61],
])("%s is refused with a status of its own", (_, fields, status) => {
  expect(read(fields)).toBe(status);
});

test("times: relative, absolute, and never longer than anybody keeps a message", () => {
  expect(read({ validity_period: "000000010000000R" })).toMatchObject({ expire_at: "2028-01-31T13:00:00.000Z" });
  expect(read({ validity_period: "280131140000004+" })).toMatchObject({ expire_at: "2028-01-31T13:00:00.000Z" });
  expect(read({ validity_period: "000007000000000R" })).toMatchObject({ expire_at: "2028-02-03T12:00:00.000Z" });
  expect(read({ schedule_delivery_time: "000000020000000R" })).toMatchObject({ notBefore: NOW + 7_200_000 });
  expect(read({ schedule_delivery_time: "280131115500000+" })).not.toHaveProperty("notBefore");
});

test("priority asks for a class, and gets it where the account may have it", () => {
  const classes = [0, 1, 2, 3, 9].map((priority_flag) => read({ priority_flag }, { defaultClass: "bulk" }));
  expect(classes.map((one) => (one as { class: string }).class)).toEqual([
    "bulk",
    "transactional",
    "alert",
    "alert",
    "bulk",
  ]);
  expect(read({ priority_flag: 3 }, { classes: ["bulk"], defaultClass: "bulk" })).toMatchObject({ class: "bulk" });
});

test("registered_delivery says which receipts are wanted, as far as the account gets any", () => {
  const wishes = [0, 1, 2, 3, 0x11].map(
    (registered_delivery) => (read({ registered_delivery }) as { receipt?: string }).receipt,
  );
  expect(wishes).toEqual([undefined, "final", "failure", "success", "final"]);
  expect(read({ registered_delivery: 1 }, { receipts: "none" })).not.toHaveProperty("receipt");
  expect(read({ registered_delivery: 0 }, { receipts: "all" })).toMatchObject({ receipt: "final" });
});

test("the content of a repetition is the same, and of anything else another", () => {
  const content = (fields: PduFields): string => contentAsSent({ ...submit, ...fields });
  const validity_period = "000000010000000R";
  expect(content({ validity_period })).toBe(content({ validity_period }));
  expect(content({ short_message: octets("Other") })).not.toBe(content({}));
  expect(content({ priority_flag: 3 })).not.toBe(content({}));
  const others: readonly PduFields[] = [
    { destination_addr: "61491570156" },
    { source_addr: "Other" },
    { source_addr_ton: 0 },
    { data_coding: 3 },
    { schedule_delivery_time: "000000010000000R" },
    { sar_msg_ref_num: 1, sar_total_segments: 2, sar_segment_seqnum: 1 },
    { sar_msg_ref_num: 1, sar_total_segments: 2, sar_segment_seqnum: 2 },
    { short_message: new Uint8Array(0), message_payload: octets("Hello [you]") },
  ];
  expect(new Set([{}, ...others].map((fields) => content(fields))).size).toBe(others.length + 1);
  const same: readonly PduFields[] = [{ registered_delivery: 1 }, { validity_period }, { dest_addr_ton: 0 }];
  expect(new Set([{}, ...same].map((fields) => content(fields))).size).toBe(1);
});

test("submit_multi takes numbers, not lists, and not none", () => {
  const one = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "61491570006" };
  expect(destinationsOf("submit_multi", { dest_address: [one, { ...one, destination_addr: "x" }] })).toEqual([
    "+61491570006",
    "x",
  ]);
  expect(destinationsOf("submit_multi", { dest_address: [] })).toEqual({ status: 0x33 });
  expect(destinationsOf("submit_multi", { dest_address: [one, { dl_name: "friends" }] })).toEqual({ status: 0x34 });
});
