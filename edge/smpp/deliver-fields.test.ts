import { expect, test } from "bun:test";
import { decodePdu, encodePdu } from "#core/smpp/codec.ts";
import { contentOf } from "#core/smpp/content.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { decodePart } from "#domain/encoding/segment-text.ts";
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents } from "#domain/fold.ts";
import type { AccountId, MessageId, ProviderId } from "#domain/ids.ts";
import type { DeliverItem } from "#domain/notice.ts";
import { receiptFields, replyFields } from "./deliver-fields.ts";

const message = "syd1-01jd0000000000000000000000" as MessageId;
const AT = Date.UTC(2028, 1, 3, 4, 5, 6);
const MINUTE_MS = 60_000;
const accepted: MessageEvent = {
  ...{ type: "accepted", message, at: AT, account: "acme" as AccountId, to: "+61491570006" as E164 },
  ...{
    from: "12345" as Sender,
    text: "Hello\nfrom the estuary, ж and more",
    class: "bulk",
    encoding: "ucs2",
    segments: 2,
  },
  ...{ receipt: "final", clientReference: "777" },
};
const end = (type: "delivered" | "undelivered", segment: number, error: string): MessageEvent => ({
  ...{ type, message, at: AT + MINUTE_MS, segment, provider: "sim" as ProviderId, providerMessageId: "p", error },
});
/** As the wire carries it. */
const carried = (fields: PduFields | undefined): PduFields =>
  decodePdu(encodePdu({ command: "deliver_sm", sequence: 1, fields: fields ?? {} })).fields;
const textOf = (fields: PduFields): string => decodePart(contentOf(fields).octets, "gsm7");

test("a receipt is one for the whole message, in the usual words and in TLVs", () => {
  const fields = carried(
    receiptFields(foldEvents([accepted, end("delivered", 0, "000"), end("undelivered", 1, "027")])),
  );
  expect(textOf(fields)).toBe(
    `id:${message} sub:002 dlvrd:001 submit date:2802030405 done date:2802030406 stat:UNDELIV err:027 ` +
      "text:Hellofrom the estuar",
  );
  expect(fields).toMatchObject({
    source_addr_ton: 1,
    source_addr: "61491570006",
    dest_addr_ton: 3,
    destination_addr: "12345",
    esm_class: 4,
    receipted_message_id: message,
    message_state: 5,
    user_message_reference: 777,
  });
  expect([...(fields.network_error_code ?? [])]).toEqual([3, 0, 27]);
});

test.each([
  [[end("delivered", 0, ""), end("delivered", 1, "")], "DELIVRD", 2, "000"],
  [[{ type: "rejected", message, at: AT, reason: "no_route", detail: "" } as const], "REJECTD", 8, "000"],
  [[{ type: "lapsed", message, at: AT, segments: [0, 1] } as const], "EXPIRED", 3, "000"],
])("each end has its word and its number", (events, word, number, error) => {
  const fields = carried(receiptFields(foldEvents([accepted, ...(events as MessageEvent[])])));
  expect(textOf(fields)).toContain(`stat:${word} err:${error} `);
  expect(fields.message_state).toBe(number);
});

test("the id is the one that the customer was given, also of one of many", () => {
  const receiptId = "syd1-01jd0000000000000000000009" as MessageId;
  const fields = receiptFields(foldEvents([{ ...accepted, receiptId }, end("delivered", 0, "")]));
  expect(fields?.receipted_message_id).toBe(receiptId);
  expect(receiptFields(foldEvents([end("delivered", 0, "")]))).toBeUndefined();
});

const reply = (over: Partial<Extract<DeliverItem, { type: "reply" }>>, alphabet: "gsm7" | "latin1" = "gsm7") => {
  const about = { type: "reply", id: "r", account: "acme" as AccountId } as const;
  const numbers = { from: "+61491570006", to: "+61480000001" };
  return carried(replyFields({ ...about, ...numbers, text: "Yes", since: 0, tries: 0, ...over }, alphabet));
};

test("data_coding 0 is the alphabet that was agreed on, and what it does not have goes as UCS-2", () => {
  const octets = (fields: PduFields): number[] => [...(fields.short_message ?? [])];
  expect([reply({ text: "é" }).data_coding, octets(reply({ text: "é" }))]).toEqual([0, [0x05]]);
  const latin = reply({ text: "é" }, "latin1");
  expect([latin.data_coding, octets(latin)]).toEqual([0, [0xe9]]);
  expect(reply({ text: "€" }).data_coding).toBe(0);
  expect([reply({ text: "€" }, "latin1").data_coding, octets(reply({ text: "€" }, "latin1"))]).toEqual([
    8,
    [0x20, 0xac],
  ]);
});

test("a reply comes as the handset wrote it, part by part", () => {
  expect(reply({})).toMatchObject({
    esm_class: 0,
    data_coding: 0,
    source_addr: "61491570006",
    destination_addr: "61480000001",
  });
  const part = reply({ text: "да", concat: { reference: 0x1_0102, total: 3, index: 2 } });
  expect(part).toMatchObject({ esm_class: 0x40, data_coding: 8 });
  const { octets, concat } = contentOf(part);
  expect([decodePart(octets, "ucs2"), concat?.total, concat?.index, concat?.reference]).toEqual(["да", 3, 2, 2]);
});

test("what no short message holds goes as a payload", () => {
  const fields = reply({ text: "é\u0107".repeat(100) });
  expect([fields.short_message?.length, fields.message_payload?.length]).toEqual([0, 400]);
});
