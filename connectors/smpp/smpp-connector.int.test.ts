import { describe, expect, test } from "bun:test";
import type { Session } from "#core/smpp/session.ts";
import { listenSmsc } from "#core/smpp/testing/listen.ts";
import { systemClock } from "#domain/clock.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { LogEvents, Logger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { SubmitResult } from "../connector.ts";
import { openSmscSimulator } from "../simulator/smsc-simulator.ts";
import { textOf } from "../simulator/submit-record.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { openSmppConnector } from "./smpp-connector.ts";
import {
  openPair,
  openTestConnector,
  openTestSimulator,
  type Pair,
  type SettingsInput,
  testSettings,
} from "./testing/open-pair.ts";

const quiet = { onReceipt: async () => undefined, onReply: async () => undefined };
const submit = ({ connector }: Pair, more: Parameters<typeof segment>[0] = {}): Promise<SubmitResult> =>
  connector.submit(segment(more), alwaysMayWrite);

describe("submit()", () => {
  test("10,000 segments through a window of 50 are all answered, each with its receipt", async () => {
    await using pair = await openPair();
    const results: Promise<SubmitResult>[] = [];
    for (let i = 0; i < 10_000; i++) {
      await untilOpen(pair.connector);
      results.push(submit(pair, { to: `+49170${2_000_000 + i}9` }));
    }
    const ids = new Set(
      (await Promise.all(results)).map((result) => result.type === "accepted" && result.providerMessageId),
    );
    expect(ids.size).toBe(10_000);
    const receipts = await pair.receipts.until(10_000);
    expect(new Set(receipts.map((receipt) => receipt.providerMessageId))).toEqual(ids as Set<string>);
    expect(pair.simulator.counters).toMatchObject({ submits: 10_000, accepted: 10_000, binds: 1 });
  });

  test("says window_full and not_bound before anything is written", async () => {
    await using pair = await openPair({ noAnswerShare: 1 }, { window: 2 });
    // The last slot is the alerts'.
    const held = [submit(pair), submit(pair, { urgent: true })];
    expect(await submit(pair, { urgent: true })).toEqual({ type: "not_sent", reason: "window_full" });
    pair.simulator.dropLinks();
    expect(await Promise.all(held)).toEqual(held.map(() => ({ type: "unknown", reason: "link_lost" })));
    await untilOpen(pair.connector);
    await pair.simulator[Symbol.asyncDispose]();
    await pair.connector.drain();
    expect(await submit(pair)).toEqual({ type: "not_sent", reason: "not_bound" });
  });

  test("a lease that has run out keeps the segment off the socket", async () => {
    await using pair = await openPair();
    expect(await pair.connector.submit(segment(), () => false)).toEqual({ type: "not_sent", reason: "aborted" });
    await submit(pair);
    expect(pair.simulator.counters.submits).toBe(1);
  });

  test("a full window is unknown when the link drops, and the connector comes back", async () => {
    await using pair = await openPair({ noAnswerShare: 1 });
    const results = Array.from({ length: 50 }, () => submit(pair, { urgent: true }));
    pair.simulator.dropLinks();
    expect(await Promise.all(results)).toEqual(results.map(() => ({ type: "unknown", reason: "link_lost" })));
    pair.simulator.setBehaviour({});
    await untilOpen(pair.connector);
    expect(await submit(pair)).toMatchObject({ type: "accepted" });
  });

  test("a missing answer is unknown after the response deadline", async () => {
    await using pair = await openPair({ noAnswerShare: 1 }, { responseTimeoutMs: 20 });
    expect(await submit(pair)).toEqual({ type: "unknown", reason: "response_timeout" });
  });

  test("refusals carry their class; 0058 is throttled once and then accepted", async () => {
    await using pair = await openPair({ refuse: [{ toSuffix: "77", status: 0x45 }] });
    const throttled = { type: "refused", status: 0x58, class: "throttle", retryable: true } as const;
    expect(await submit(pair, { to: "+4917012340058" })).toEqual(throttled);
    expect(await submit(pair, { urgent: true })).toEqual({ type: "not_sent", reason: "window_full" });
    await untilOpen(pair.connector);
    expect(await submit(pair, { to: "+4917012340058" })).toMatchObject({ type: "accepted" });
    await untilOpen(pair.connector);
    expect(await submit(pair, { to: "+4917012340003" })).toMatchObject({ status: 0x0b, retryable: false });
    await untilOpen(pair.connector);
    expect(await submit(pair, { to: "+4917012345677" })).toMatchObject({ status: 0x45, class: "ambiguous" });
  });

  test("what no wire can carry is refused without asking the provider", async () => {
    await using pair = await openPair();
    const from = "a name far too long for it";
    expect(await submit(pair, { from })).toEqual({ type: "refused", status: 0x0a, class: "route", retryable: false });
    expect(pair.simulator.counters.submits).toBe(0);
  });

  test("the parts of a long text arrive as they were cut", async () => {
    await using pair = await openPair();
    const text = `${"Привет, мир! ".repeat(12)}😀${"ё".repeat(40)}`;
    const { encoding, parts } = segmentText(text);
    for (const [i, part] of parts.entries()) {
      await submit(pair, { encoding, part, segment: i, segments: parts.length, concatReference: 300 });
    }
    const seen = pair.simulator.submits.map(textOf);
    expect(seen.map((part) => part.text).join("")).toBe(text);
    expect(seen.map((part) => part.concat)).toEqual(
      parts.map((_, i) => ({ reference: 300 & 0xff, total: parts.length, index: i + 1, refBits: 8 })),
    );
  });

  test("spreads over parallel binds, and over transmitter and receiver", async () => {
    await using three = await openPair({ noAnswerShare: 1 }, { binds: 3, window: 2 });
    while (three.connector.freeSlots(true) < 6) await new Promise(setImmediate);
    expect(three.connector.freeSlots(false)).toBe(3);
    const held = Array.from({ length: 6 }, () => submit(three, { urgent: true }));
    expect(three.connector.freeSlots(true)).toBe(0);
    three.simulator.dropLinks();
    await Promise.all(held);
    await using split = await openPair({}, { bindAs: "tx+rx" });
    expect(await submit(split)).toMatchObject({ type: "accepted" });
    expect(await split.receipts.until(1)).toMatchObject([{ state: "delivered" }]);
    expect(split.simulator.counters.binds).toBe(2);
  });
});

describe("receipts and replies", () => {
  test("a receipt may come before its answer", async () => {
    await using pair = await openPair({ receiptFirst: true, respDelayMs: 200 });
    let answered = false;
    const result = submit(pair).then((settled) => {
      answered = true;
      return settled;
    });
    const [receipt] = await pair.receipts.until(1);
    expect(answered).toBe(false);
    expect(await result).toEqual({ type: "accepted", providerMessageId: receipt?.providerMessageId ?? "none" });
  });

  test("hex in the answer and decimal in the receipt are the same id", async () => {
    await using pair = await openPair({ ids: "hex_then_decimal" }, { responseIdForm: "hex", receiptIdForm: "decimal" });
    const result = await submit(pair);
    const [receipt] = await pair.receipts.until(1);
    expect(result).toEqual({ type: "accepted", providerMessageId: receipt?.providerMessageId ?? "none" });
    expect(receipt?.rawProviderMessageId).toMatch(/^0000[0-9]+$/);
    // An id without a letter looks like a decimal one: that it is read as hex is seen by its value.
    const inAnswer = BigInt(`0x${pair.simulator.submits[0]?.providerMessageId}`);
    expect(inAnswer).toBe(BigInt(receipt?.rawProviderMessageId ?? "0"));
  });

  test("every form of receipt says the same", async () => {
    for (const behaviour of [
      { receiptForm: "text" },
      { receiptForm: "tlv" },
      { receiptForm: "both" },
      { receiptForm: "tlv", tlvWithoutNul: true },
    ] as const) {
      await using pair = await openPair(behaviour);
      const result = await submit(pair, { to: "+4917012340001" });
      const providerMessageId = result.type === "accepted" ? result.providerMessageId : "";
      const from = "+4917012340001";
      expect(await pair.receipts.until(1)).toMatchObject([
        { providerMessageId, state: "undelivered", from, to: "Shop" },
      ]);
    }
  });

  test("deliver_sm is answered after the handler resolved, and with 0x64 when it rejects", async () => {
    const session = Promise.withResolvers<Session>();
    await using server = await listenSmsc({}, (accepted) => session.resolve(accepted));
    const durable = Promise.withResolvers<void>();
    const handled = Promise.withResolvers<void>();
    const handlers = {
      onReceipt: () => Promise.reject(new Error("the store is away")),
      onReply: () => {
        handled.resolve();
        return durable.promise;
      },
    };
    await using connector = openTestConnector(server.port, handlers);
    await untilOpen(connector);
    const smsc = await session.promise;
    let answered = false;
    const reply = smsc.request("deliver_sm", { source_addr: "491701234567", short_message: Uint8Array.of(0x41) });
    void reply.then(() => {
      answered = true;
    });
    await handled.promise;
    const receipt = await smsc.request("deliver_sm", { esm_class: 0x04, receipted_message_id: "1", message_state: 2 });
    expect(receipt).toMatchObject({ type: "answered", status: 0x64 });
    expect(answered).toBe(false);
    durable.resolve();
    expect(await reply).toMatchObject({ type: "answered", status: 0 });
  });

  test("a receipt that was not taken comes again", async () => {
    await using simulator = await openTestSimulator();
    const again = Promise.withResolvers<void>();
    let times = 0;
    const onReceipt = async (): Promise<void> => {
      times++;
      if (times === 1) throw new Error("the store is away");
      again.resolve();
    };
    await using connector = openTestConnector(simulator.port, { ...quiet, onReceipt });
    await untilOpen(connector);
    await connector.submit(segment(), alwaysMayWrite);
    await again.promise;
  });

  test("the parts of a long reply carry their places and join to the text", async () => {
    await using pair = await openPair();
    const text = "Да, приходите 😀 ".repeat(12);
    pair.simulator.reply({ from: "+491701234567", to: "72345", text });
    const { parts } = segmentText(text);
    const replies = await pair.replies.until(parts.length);
    expect(replies.map((reply) => reply.text).join("")).toBe(text);
    expect(replies.map((reply) => reply.concat?.index)).toEqual(parts.map((_, i) => i + 1));
    expect(replies[0]).toMatchObject({ provider: "acme", from: "+491701234567", to: "72345", encoding: "ucs2" });
  });
});

describe("links", () => {
  test("a refused account is down; a simulator that comes back is bound again", async () => {
    const first = await openTestSimulator();
    const { port } = first;
    await using connector = openTestConnector(port, quiet);
    await untilOpen(connector);
    await first[Symbol.asyncDispose]();
    while (connector.health === "bound") await new Promise(setImmediate);
    await using _second = await openTestSimulator({}, port);
    await untilOpen(connector);
    expect(await connector.submit(segment(), alwaysMayWrite)).toMatchObject({ type: "accepted" });

    await using strict = await listenSmsc({ onRequest: () => ({ status: 0x0e }) });
    await using refused = openTestConnector(strict.port, quiet);
    while (refused.health !== "down") await new Promise(setImmediate);
    expect(await refused.submit(segment(), alwaysMayWrite)).toEqual({ type: "not_sent", reason: "not_bound" });
  });

  test("links that are cut and garbage of every kind lose no slot and hang nothing", async () => {
    for (const behaviour of [
      { dropLinkEvery: 20 },
      { garbageEvery: 20, garbage: "noise" },
      { garbageEvery: 20, garbage: "huge_length" },
      { garbageEvery: 20, garbage: "unknown_command" },
      { garbageEvery: 20, garbage: "broken_tlv" },
    ] as const) {
      await using pair = await openPair(behaviour);
      const results: Promise<SubmitResult>[] = [];
      for (let i = 0; i < 100; i++) {
        await untilOpen(pair.connector);
        results.push(submit(pair, { to: `+4917012${34_000 + i}9` }));
      }
      const types = new Set((await Promise.all(results)).map((result) => result.type));
      expect(types.has("accepted")).toBe(true);
      expect(types.has("refused")).toBe(false);
      pair.simulator.setBehaviour({});
      await untilOpen(pair.connector);
      expect(pair.connector.freeSlots(true)).toBe(50);
    }
  });

  test("drain() waits for what is in flight, and nothing goes after it", async () => {
    await using pair = await openPair({ respDelayMs: 10 });
    const result = submit(pair);
    const drained = pair.connector.drain();
    expect(await submit(pair)).toEqual({ type: "not_sent", reason: "not_bound" });
    expect(await result).toMatchObject({ type: "accepted" });
    await drained;
    expect([pair.connector.health, pair.connector.freeSlots(true)]).toEqual(["down", 0]);
  });
});

describe("configure()", () => {
  const from = (pair: Pair, more: SettingsInput): void =>
    pair.connector.configure(testSettings(pair.simulator.port, more));

  test("what no session is made with counts at once, without a new bind", async () => {
    await using pair = await openPair({}, { binds: 2 });
    await until(pair, ({ connector }) => connector.freeSlots(true) === 100);
    from(pair, {
      binds: 2,
      window: 7,
      statuses: { "3": "recipient" },
      addresses: { international: { ton: 2, npi: 3 } },
    });
    expect([pair.connector.window, pair.connector.freeSlots(true)]).toEqual([14, 14]);
    expect(await submit(pair)).toMatchObject({ type: "accepted" });
    expect(pair.simulator.counters.binds).toBe(2);
  });

  test("a trace begins and ends on the link that is there", async () => {
    const pdus: string[] = [];
    const log: Logger = {
      info: (name, fields) => void (name === "link.pdu" && pdus.push((fields as LogEvents["link.pdu"]).command)),
      error: () => undefined,
    };
    await using simulator = await openTestSimulator();
    const settings = (trace: boolean) => testSettings(simulator.port, { trace, receipts: "none" });
    const deps = { clock: systemClock, random: systemRandom, log, handlers: quiet };
    await using connector = openSmppConnector(settings(false), deps);
    await untilOpen(connector);
    connector.configure(settings(true));
    await connector.submit(segment(), alwaysMayWrite);
    connector.configure(settings(false));
    await connector.submit(segment(), alwaysMayWrite);
    expect(pdus).toEqual(["submit_sm", "submit_sm_resp"]);
    expect(simulator.counters.binds).toBe(1);
  });

  test("what a session is made with is bound anew, one bind at a time, each when it has been answered", async () => {
    await using pair = await openPair({ respDelayMs: 100 }, { binds: 3, window: 10 });
    await until(pair, ({ connector }) => connector.freeSlots(true) === 30);
    const held = Array.from({ length: 30 }, () => submit(pair, { urgent: true }));
    from(pair, { binds: 3, window: 10, systemType: "new" });
    let least = Number.POSITIVE_INFINITY;
    const listening = pair.connector.onChange(() => {
      const { connector } = pair;
      least = Math.min(least, connector.inFlight + connector.freeSlots(true));
    });
    await until(pair, ({ simulator, connector }) => simulator.counters.binds === 6 && connector.freeSlots(true) === 30);
    listening[Symbol.dispose]();
    expect(new Set((await Promise.all(held)).map(({ type }) => type))).toEqual(new Set(["accepted"]));
    // Of three windows of ten, two at least were there all the time.
    expect(least).toBeGreaterThanOrEqual(20);
  });

  test("a change that comes while binds are made anew loses nothing of the first", async () => {
    await using pair = await openPair({}, { binds: 3, window: 10 });
    await until(pair, ({ connector }) => connector.freeSlots(true) === 30);
    from(pair, { binds: 3, window: 10, systemType: "new" });
    from(pair, { binds: 3, window: 20, systemType: "new" });
    await until(pair, ({ simulator, connector }) => simulator.counters.binds === 6 && connector.freeSlots(true) === 60);
  });

  test("a password that is wrong costs one bind and not all of them, and the right one brings it back", async () => {
    await using simulator = await openSmscSimulator({
      port: 0,
      clock: systemClock,
      random: systemRandom,
      password: "secret",
    });
    await using connector = openTestConnector(simulator.port, quiet, { binds: 2, window: 10 });
    const wrong = { binds: 2, window: 10, password: "wrong", refusedMinMs: 5, refusedMaxMs: 10 };
    while (connector.freeSlots(true) < 20) await new Promise(setImmediate);
    connector.configure(testSettings(simulator.port, wrong));
    while (simulator.counters.refusedBinds < 3) await new Promise(setImmediate);
    expect([connector.health, connector.freeSlots(true)]).toEqual(["bound", 10]);
    expect(await connector.submit(segment(), alwaysMayWrite)).toMatchObject({ type: "accepted" });
    connector.configure(testSettings(simulator.port, { ...wrong, password: "secret" }));
    while (connector.freeSlots(true) < 20) await new Promise(setImmediate);
  });

  async function until(pair: Pair, holds: (pair: Pair) => boolean): Promise<void> {
    while (!holds(pair)) await new Promise(setImmediate);
  }
});
