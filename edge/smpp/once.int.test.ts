/** A repetition makes no second message (invariant I11), if the customer names its submits. Sets in memory. */
import { expect, test } from "bun:test";
import type { PduFields } from "#core/smpp/pdu.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { EventOf } from "#domain/event.ts";
import { openSmppWorld, type SmppWorld, submitOver } from "./testing/smpp-world.ts";

const accepted = ({ events }: SmppWorld): readonly EventOf<"accepted">[] =>
  events().flatMap((event) => (event.type === "accepted" ? [event] : []));

test("an outcome that nobody knows is not called an error that may be repeated, unless repeating is safe", async () => {
  const onCommit = async ({ events = [] }: { readonly events?: readonly { type: string }[] }) =>
    events.some(({ type }) => type === "accepted") ? ("unknown_lost" as const) : undefined;
  await using careless = await openSmppWorld({ onCommit });
  expect((await submitOver(await careless.bind())).status).toBe(0xff);
  await using careful = await openSmppWorld({ onCommit, smpp: { onceByReference: true } });
  expect((await submitOver(await careful.bind(), { user_message_reference: 9 })).status).toBe(0x08);
});

test("with a reference, a repetition is the same message; without, or with anything else in it, another", async () => {
  await using world = await openSmppWorld({ smpp: { onceByReference: true } });
  const customer = await world.bind();
  const once = { user_message_reference: 77, validity_period: "000000010000000R" };
  const ids = await Promise.all([1, 2, 3].map(async () => (await submitOver(customer, once)).id));
  expect(new Set(ids).size).toBe(1);
  expect((await submitOver(customer, once)).id).toBe(ids[0] ?? "");
  const others = [
    await submitOver(customer, { ...once, user_message_reference: 78 }),
    await submitOver(customer, { ...once, destination_addr: "61491570156" }),
    await submitOver(customer, { ...once, short_message: encodePart("Another", "gsm7") }),
    await submitOver(customer),
    await submitOver(customer),
  ];
  expect(others.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
  expect(accepted(world).length).toBe(6);
});

test("a repetition is the same message whatever the settings of the account are by then", async () => {
  await using world = await openSmppWorld({ smpp: { onceByReference: true } });
  const once = { user_message_reference: 78, short_message: Uint8Array.of(0x24, 0x41), data_coding: 0 };
  const customer = await world.bind();
  const { id } = await submitOver(customer, once);
  const settings = [
    { alphabet: "latin1" },
    { defaultClass: "bulk", classes: ["bulk"], receipts: "all" },
    { receipts: "none" },
  ];
  for (const smpp of settings) {
    await world.change({ onceByReference: true, ...smpp });
    expect(await submitOver(customer, once)).toMatchObject({ status: 0, id });
  }
  const later = { validity_period: "000001000000000R", registered_delivery: 0, service_type: "X" };
  expect(await submitOver(customer, { ...once, ...later })).toMatchObject({ status: 0, id });
  expect(accepted(world).map(({ text }) => text)).toEqual(["¤A"]);
});

test("parts of one text under one reference are messages of their own, alike as they may be", async () => {
  await using world = await openSmppWorld({ smpp: { onceByReference: true } });
  const customer = await world.bind();
  const part = (sar_segment_seqnum: number, more: PduFields = {}) =>
    submitOver(customer, {
      ...{ user_message_reference: 79, sar_msg_ref_num: 5, sar_total_segments: 2, sar_segment_seqnum, ...more },
    });
  const [first, second, other] = [await part(1), await part(2), await part(1, { data_coding: 3 })];
  expect(new Set([first.id, second.id, other.id]).size).toBe(3);
  expect((await part(2)).id).toBe(second.id);
});
