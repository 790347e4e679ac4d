/** Customers on real sockets: who gets in, what a submit is answered, and that nobody can do harm. Sets in memory. */
import { expect, test } from "bun:test";
import { connect } from "node:net";
import type { PduFields } from "#core/smpp/pdu.ts";
import { connectRawPeer } from "#core/smpp/testing/raw-peer.ts";
import { systemClock } from "#domain/clock.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { EventOf } from "#domain/event.ts";
import { until } from "#testkit/until.ts";
import { openSmppWorld, type SmppWorld, SUBMIT, submitOver } from "./testing/smpp-world.ts";

const accepted = ({ events }: SmppWorld): readonly EventOf<"accepted">[] =>
  events().flatMap((event) => (event.type === "accepted" ? [event] : []));

test("a bind is refused with the status that says why", async () => {
  await using world = await openSmppWorld({ smpp: { bindsMax: 2, allowedIps: ["127.0.0.0/8"] } });
  expect(await world.bindStatus()).toBe(0);
  expect(await world.bindStatus({ password: "wrong" })).toBe(0x0e);
  // Who guesses is not told which accounts there are.
  expect(await world.bindStatus({ systemId: "nobody" })).toBe(0x0e);
  await world.change({ allowedIps: ["192.0.2.0/24"] });
  expect(await world.bindStatus()).toBe(0x0d);
});

test("an account has so many binds and no more, of any kind, and gets one back when one ends", async () => {
  await using world = await openSmppWorld({ smpp: { bindsMax: 2 } });
  const first = await world.bind({ bindAs: "tx" });
  await world.bind({ bindAs: "rx" });
  expect(await world.bindStatus()).toBe(0x0d);
  await first.unbind();
  await until("the bind to be gone", 20_000, () => world.edge.sessions().bound === 1 || undefined);
  expect(await world.bindStatus()).toBe(0);
});

test("a second bind on one link is refused, and before a bind nothing passes", async () => {
  await using world = await openSmppWorld();
  using peer = await connectRawPeer(world.edge.port);
  peer.send({ command: "submit_sm", sequence: 1, fields: SUBMIT });
  expect(await peer.next()).toMatchObject({ command: "submit_sm_resp", status: 0x04 });
  const bind = { system_id: "acme", password: "secret", interface_version: 0x34 };
  peer.send({ command: "bind_transceiver", sequence: 2, fields: bind });
  const fields = { system_id: "GODWIT", sc_interface_version: 0x34 };
  expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", status: 0, fields });
  peer.send({ command: "bind_transceiver", sequence: 3, fields: bind });
  expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", status: 0x05 });
  expect(world.edge.sessions()).toEqual({ bound: 1, unbound: 0 });
});

test("a bind after a refused one is judged anew on the same link; the third refusal ends it", async () => {
  await using world = await openSmppWorld();
  const bind = (sequence: number, password: string) =>
    ({ command: "bind_transceiver", sequence, fields: { system_id: "acme", password } }) as const;
  using peer = await connectRawPeer(world.edge.port);
  for (const [sequence, password, status] of [
    [1, "wrong", 0x0e],
    [2, "wrong", 0x0e],
    [3, "secret", 0x00],
    [4, "secret", 0x05],
  ] as const) {
    peer.send(bind(sequence, password));
    expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", sequence, status });
  }
  expect(world.edge.sessions()).toEqual({ bound: 1, unbound: 0 });

  using stubborn = await connectRawPeer(world.edge.port);
  for (const sequence of [1, 2, 3]) {
    stubborn.send(bind(sequence, "wrong"));
    expect(await stubborn.next()).toMatchObject({ sequence, status: 0x0e });
  }
  await stubborn.closed;
});

test("a bind that comes while another of its link is looked at is no reason to end either", async () => {
  await using world = await openSmppWorld();
  expect(await world.bindStatus({ password: "wrong" })).toBe(0x0e);
  using peer = await connectRawPeer(world.edge.port);
  const fields = { system_id: "acme", password: "secret" };
  for (const sequence of [1, 2]) peer.send({ command: "bind_transceiver", sequence, fields });
  expect(await peer.next()).toMatchObject({ sequence: 2, status: 0x05 });
  expect(await peer.next()).toMatchObject({ sequence: 1, status: 0x00 });
  expect(world.edge.sessions().bound).toBe(1);
});

test("submit_sm is answered with the id of a message that is stored, with all it said", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const { status, id } = await submitOver(customer, { priority_flag: 3, user_message_reference: 7 });
  expect(status).toBe(0);
  expect(accepted(world)).toMatchObject([
    {
      message: id,
      account: "acme",
      to: "+61491570006",
      from: "Godwit",
      text: "Hello from the estuary",
      class: "alert",
      segments: 1,
      receipt: "final",
      clientReference: "7",
    },
  ]);
});

test("no answer before the commit, and none of status 0 without one", async () => {
  const begun = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<"failed">();
  await using world = await openSmppWorld({
    onCommit: async ({ events = [] }) => {
      if (!events.some(({ type }) => type === "accepted")) return undefined;
      begun.resolve();
      return hold.promise;
    },
  });
  const customer = await world.bind();
  let isAnswered = false;
  const answer = submitOver(customer).finally(() => {
    isAnswered = true;
  });
  await begun.promise;
  expect((await customer.request("enquire_link", {})).type).toBe("answered");
  expect([isAnswered, accepted(world).length]).toEqual([false, 0]);
  hold.resolve("failed");
  expect((await answer).status).toBe(0x08);
});

test.each<[string, PduFields, number]>([
  ["no number", { destination_addr: "12" }, 0x0b],
  ["a sender of another account", { source_addr_ton: 1, source_addr: "61480000002" }, 0x0a],
  ["an impossible sender", { source_addr: "much too long a name" }, 0x0a],
  ["an empty text", { short_message: new Uint8Array(0) }, 0x01],
  ["a text too long", { short_message: new Uint8Array(0), message_payload: new Uint8Array(2_000).fill(0x78) }, 0x01],
  ["binary", { data_coding: 4 }, 0x104],
])("%s is refused, and nothing is stored", async (_, fields, status) => {
  await using world = await openSmppWorld();
  expect((await submitOver(await world.bind(), fields)).status).toBe(status);
  expect(world.events()).toEqual([]);
});

test("parts that the customer cut up are messages of one segment each, that know their place", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  for (const index of [1, 2]) {
    const octets = Uint8Array.of(
      ...concatHeader({ reference: 9, total: 2, index }),
      ...encodePart(`part ${index}`, "gsm7"),
    );
    expect((await submitOver(customer, { esm_class: 0x40, short_message: octets })).status).toBe(0);
  }
  expect(accepted(world)).toMatchObject([
    { text: "part 1", segments: 1, concat: { reference: 9, total: 2, index: 1 } },
    { text: "part 2", segments: 1, concat: { reference: 9, total: 2, index: 2 } },
  ]);
});

test("a pair cut in two is whole again on the handset: both halves are taken, and stored as they are", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const part = (text: string, index: number) =>
    submitOver(customer, {
      ...{ esm_class: 0x40, data_coding: 8 },
      short_message: Uint8Array.of(...concatHeader({ reference: 9, total: 2, index }), ...encodePart(text, "ucs2")),
    });
  expect((await part("one \ud83d", 1)).status).toBe(0);
  expect((await part("\ude00 two", 2)).status).toBe(0);
  expect(accepted(world)).toMatchObject([
    { text: "one \ud83d", encoding: "ucs2" },
    { text: "\ude00 two", encoding: "ucs2" },
  ]);
  expect((await part("in the \ud83d middle", 1)).status).toBe(0x45);
  const alone = { data_coding: 8, short_message: encodePart("half \ud83d", "ucs2") };
  expect((await submitOver(customer, alone)).status).toBe(0x45);
});

test("a scheduled message is not taken up before its time", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const startedAt = systemClock.now();
  expect((await submitOver(customer, { schedule_delivery_time: "000000010000000R" })).status).toBe(0);
  expect((await submitOver(customer)).status).toBe(0);
  const waits = [...world.data.chunks.values()].map(({ at }) => Math.round((at - startedAt) / 60_000));
  expect(waits.toSorted((a, b) => a - b)).toEqual([0, 60]);
  const [hourAhead] = accepted(world);
  expect(Math.round(((hourAhead?.notBefore ?? 0) - startedAt) / 60_000)).toBe(60);
});

test("past its window a customer is told to slow down, and told nothing else", async () => {
  const hold = Promise.withResolvers<undefined>();
  await using world = await openSmppWorld({
    smpp: { window: 3 },
    onCommit: async ({ events = [] }) => (events.length > 0 ? hold.promise : undefined),
  });
  const customer = await world.bind();
  const answers = Array.from({ length: 6 }, () => submitOver(customer));
  const early = await Promise.all(answers.slice(3));
  expect(early.map(({ status }) => status)).toEqual([0x58, 0x58, 0x58]);
  hold.resolve(undefined);
  expect((await Promise.all(answers)).filter(({ status }) => status === 0).length).toBe(3);
});

test("the rate is the account's, over all its binds", async () => {
  await using world = await openSmppWorld({ smpp: { window: 50, submitsPerSecond: 5 } });
  const binds = [await world.bind(), await world.bind()];
  const startedAt = systemClock.monotonic();
  const all = await Promise.all(binds.flatMap((bind) => Array.from({ length: 30 }, () => submitOver(bind))));
  const seconds = (systemClock.monotonic() - startedAt) / 1_000;
  const taken = all.filter(({ status }) => status === 0).length;
  expect(taken).toBeGreaterThanOrEqual(5);
  expect(taken).toBeLessThanOrEqual(5 + Math.ceil(5 * seconds));
  expect(all.filter(({ status }) => status === 0x58).length).toBe(60 - taken);
});

test("submit_multi answers one id for all, and names the destinations that are no numbers", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const to = ["61491570006", "12", "61491570156"].map((destination_addr) => ({
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr,
  }));
  const { status, id, fields } = await submitOver(customer, { dest_address: to }, "submit_multi");
  expect(status).toBe(0);
  expect(fields.unsuccess_sme).toEqual([
    { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "12", error_status_code: 0x0b },
  ]);
  const [first, second] = accepted(world);
  expect([first?.message, first?.receiptId, second?.receiptId]).toEqual([id as never, id as never, id as never]);
  expect((await submitOver(customer, { dest_address: to.slice(1, 2) }, "submit_multi")).status).toBe(0x0b);
});

test("data_sm is a submit like any other; what is on its way cannot be cancelled", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const payload = {
    short_message: undefined,
    message_payload: encodePart("By data_sm", "gsm7"),
  } as unknown as PduFields;
  const { status, id } = await submitOver(customer, payload, "data_sm");
  expect([status, accepted(world)[0]?.message, accepted(world)[0]?.text]).toEqual([0, id as never, "By data_sm"]);
  const cancelled = await customer.request("cancel_sm", { message_id: id });
  expect(cancelled).toMatchObject({ type: "answered", status: 0x11 });
});

test("cancel_sm takes back what is scheduled, once for all who ask, and its receipt says DELETED", async () => {
  await using world = await openSmppWorld();
  const got: PduFields[] = [];
  const onRequest = ({ fields }: { readonly fields: PduFields }) => {
    got.push({ ...fields, short_message: Uint8Array.from(fields.short_message ?? []) });
    return { status: 0 };
  };
  const [mine, theirs] = [await world.bind({ onRequest }), await world.bind({ systemId: "other" })];
  const tomorrow = { schedule_delivery_time: "000001000000000R", registered_delivery: 1 };
  const { id } = await submitOver(mine, tomorrow);
  expect(await theirs.request("cancel_sm", { message_id: id })).toMatchObject({ status: 0x11 });
  expect(await mine.request("cancel_sm", { message_id: "" })).toMatchObject({ status: 0x11 });
  for (let i = 0; i < 2; i++) expect(await mine.request("cancel_sm", { message_id: id })).toMatchObject({ status: 0 });
  const query = await mine.request("query_sm", { message_id: id });
  expect(query).toMatchObject({ status: 0, fields: { message_state: 4, final_date: expect.stringMatching(/^[0-9]/) } });
  await until("the receipt", 20_000, () => got.length > 0 || undefined);
  expect(got[0]).toMatchObject({ receipted_message_id: id, message_state: 4 });
  expect(Buffer.from(got[0]?.short_message ?? []).toString()).toContain("stat:DELETED");

  const dest_address = ["61491570006", "61491570156"].map((destination_addr) => ({
    ...{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr },
  }));
  const many = await submitOver(mine, { ...tomorrow, dest_address }, "submit_multi");
  expect(await mine.request("cancel_sm", { message_id: many.id })).toMatchObject({ status: 0x11 });
});

test("query_sm tells the state of one's own messages only", async () => {
  await using world = await openSmppWorld();
  const [mine, theirs] = [await world.bind(), await world.bind({ systemId: "other" })];
  const { id } = await submitOver(mine);
  const own = await mine.request("query_sm", { message_id: id });
  expect(own).toMatchObject({
    type: "answered",
    status: 0,
    fields: { message_id: id, message_state: 1, final_date: "" },
  });
  for (const [session, message_id] of [
    [theirs, id],
    [mine, "syd1-01jd0000000000000000000000"],
    [mine, "12345"],
  ] as const) {
    expect(await session.request("query_sm", { message_id })).toMatchObject({ type: "answered", status: 0x67 });
  }
});

test("a credential that is withdrawn ends its binds", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  await world.change({ passwordSha256: "a".repeat(64) });
  expect((await customer.closed).reason).toBe("peer_unbound");
  expect(await world.bindStatus()).toBe(0x0e);
});

test("who is suspended stays bound and submits nothing; who is closed is bound no more", async () => {
  await using world = await openSmppWorld();
  const customer = await world.bind();
  const { id } = await submitOver(customer);
  await world.change({}, { status: "suspended" });
  expect((await submitOver(customer)).status).toBe(0x45);
  expect(await customer.request("query_sm", { message_id: id })).toMatchObject({ status: 0 });
  expect(await world.bindStatus()).toBe(0);
  await world.change({}, { status: "closed" });
  expect((await customer.closed).reason).toBe("peer_unbound");
  expect(await world.bindStatus()).toBe(0x0e);
});

test("stopping answers what is in hand, unbinds everybody, and refuses connections", async () => {
  const begun = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<undefined>();
  const world = await openSmppWorld({
    onCommit: async ({ events = [] }) => {
      if (events.length === 0) return undefined;
      begun.resolve();
      return hold.promise;
    },
  });
  const customer = await world.bind();
  const answer = submitOver(customer);
  await begun.promise;
  const stopped = world[Symbol.asyncDispose]();
  hold.resolve(undefined);
  expect((await answer).status).toBe(0);
  expect((await customer.closed).reason).toBe("peer_unbound");
  await stopped;
  expect(await world.bindStatus()).toBe(-1);
});

test("scanners, garbage, half a PDU and a giant one are cut off, and customers notice nothing", async () => {
  await using world = await openSmppWorld({
    config: { bindTimeoutMs: 1_000, unboundMax: 20, unboundPerAddressMax: 20 },
  });
  const customer = await world.bind();
  const before = process.memoryUsage().rss;
  const giant = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1);
  const attacks: readonly Uint8Array[] = [
    new Uint8Array(0),
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    crypto.getRandomValues(new Uint8Array(50_000)),
    Uint8Array.of(0, 0, 0, 40, 0, 0, 0, 9),
    giant,
  ];
  for (let round = 0; round < 40; round++) {
    const peers = attacks.map((octets) => {
      const socket = connect(world.edge.port, "127.0.0.1", () => socket.write(octets));
      socket.on("error", () => undefined);
      return socket;
    });
    await until("the edge to look", 20_000, () => world.edge.sessions().unbound <= 20 || undefined);
    if (round % 4 === 0) expect((await submitOver(customer)).status).toBe(0);
    for (const peer of peers) peer.destroy();
  }
  await until("all of them to be gone", 20_000, () => world.edge.sessions().unbound === 0 || undefined);
  expect(world.edge.sessions().bound).toBe(1);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
}, 30_000);

test("connections that never bind are few, and are let go in time", async () => {
  await using world = await openSmppWorld({ config: { bindTimeoutMs: 3_000, unboundMax: 5, unboundPerAddressMax: 5 } });
  const peers = await Promise.all(Array.from({ length: 5 }, () => connectRawPeer(world.edge.port)));
  await until("five that wait", 2_900, () => world.edge.sessions().unbound === 5 || undefined);
  expect(await world.bindStatus()).toBe(-1);
  await Promise.all(peers.map(({ closed }) => closed));
  expect(await world.bindStatus()).toBe(0);
});

test("many links guess no faster than one; where the account has bound before, it gets in at once", async () => {
  await using world = await openSmppWorld({ config: { bindTimeoutMs: 10_000 } });
  expect(await world.bindStatus({ systemId: "other" })).toBe(0);
  const startedAt = systemClock.monotonic();
  const guesses = Array.from({ length: 30 }, (_, i) => world.bindStatus({ password: `guess${i}` }));
  expect(await world.bindStatus({ systemId: "other" })).toBe(0);
  const statuses = await Promise.all(guesses);
  const seconds = (systemClock.monotonic() - startedAt) / 1_000;
  expect(statuses.filter((status) => status === 0x0e).length).toBe(5);
  // Not looked at: the right password would have been told the same.
  expect(statuses.filter((status) => status === 0x0d).length).toBe(25);
  expect(seconds).toBeGreaterThan(3);
  expect(world.logged.filter((line) => line.includes("too_many_guesses")).length).toBe(25);
});

test("who guesses waits longer each time; the right password gets in all the same", async () => {
  await using world = await openSmppWorld({ config: { bindTimeoutMs: 10_000 } });
  const startedAt = systemClock.monotonic();
  for (let i = 0; i < 3; i++) expect(await world.bindStatus({ password: `guess${i}` })).toBe(0x0e);
  expect(systemClock.monotonic() - startedAt).toBeGreaterThan(700);
  expect(await world.bindStatus()).toBe(0);
});
