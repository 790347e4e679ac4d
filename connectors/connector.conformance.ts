/**
 * What every connector promises, whatever its protocol, run against each with a provider on a real socket. A promise
 * that a kind cannot be asked for is skipped with its reason.
 */
import { describe, expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { Connector, InboundHandlers, OutboundSegment, SubmitResult } from "./connector.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "./smpp/testing/hard-texts.ts";
import { alwaysMayWrite, createInbox, segment, untilOpen } from "./testing/connector-kit.ts";

export interface RigSettings {
  readonly window: number;
  readonly ratePerSecond?: number;
  readonly responseTimeoutMs?: number;
}

/** A connector and its provider. */
export interface ConnectorRig extends AsyncDisposable {
  readonly connector: Connector;
  /** What the provider does with what it is sent from now on. */
  behave(how: "accept" | "silent" | "throttle" | "refuse_recipient"): void;
  /** What came to it, in order, and is text again; of a provider without a wire, what it sent receipts for. */
  seen(): readonly { readonly to: string; readonly text: string }[];
  configure(settings: RigSettings): void;
  /** Every link is cut, octets in flight and all. */
  cut?(): void;
  /** Nobody listens any more, until `comeBack`. */
  goAway?(): Promise<void>;
  comeBack?(): Promise<void>;
  reply?(reply: { readonly from: string; readonly to: string; readonly text: string }): void;
}

export interface RigKind {
  readonly name: string;
  open(settings: RigSettings, handlers: InboundHandlers): Promise<ConnectorRig>;
  /** Why a promise does not apply. */
  readonly without?: Readonly<Partial<Record<"cut" | "away" | "replies" | "texts", string>>>;
}

const WINDOW = 10;

export function describeConnector({ name, open, without = {} }: RigKind): void {
  /** A test of what not every kind has; of one without it, there is no such test. */
  function testOf(what: keyof typeof without, words: string, act: () => Promise<void>): void {
    if (without[what] === undefined) test(words, act);
  }

  async function openRig(settings: Partial<RigSettings> = {}, handlers: Partial<InboundHandlers> = {}) {
    const receipts = createInbox<Parameters<InboundHandlers["onReceipt"]>[0]>();
    const replies = createInbox<Parameters<InboundHandlers["onReply"]>[0]>();
    const rig = await open(
      { window: WINDOW, ...settings },
      {
        onReceipt: async (receipt) => receipts.push(receipt),
        onReply: async (reply) => replies.push(reply),
        ...handlers,
      },
    );
    await untilOpen(rig.connector);
    return {
      rig,
      connector: rig.connector,
      receipts,
      replies,
      [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
    };
  }
  const submit = (connector: Connector, more: Partial<OutboundSegment> = {}): Promise<SubmitResult> =>
    connector.submit(segment(more), alwaysMayWrite);

  describe(`connector: ${name}`, () => {
    test("what is accepted has an id of its own, and a receipt that names it", async () => {
      await using opened = await openRig();
      const results = await Promise.all([1, 2, 3].map((n) => submit(opened.connector, { to: `+49170123456${n}` })));
      const ids = results.map((result) => (result.type === "accepted" ? result.providerMessageId : undefined));
      expect(new Set(ids).size).toBe(3);
      const receipts = await opened.receipts.until(3);
      expect(new Set(receipts.map(({ providerMessageId }) => providerMessageId))).toEqual(new Set(ids as string[]));
      expect(receipts).toMatchObject(receipts.map(() => ({ provider: opened.connector.provider, state: "delivered" })));
    });

    testOf("texts", "every character and every part comes out as it went in", async () => {
      await using opened = await openRig();
      for (const [n, text] of [GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS].entries()) {
        const { encoding, parts } = segmentText(text);
        for (const [i, part] of parts.entries()) {
          await untilOpen(opened.connector);
          const place = { segment: i, segments: parts.length, concatReference: 300 + n };
          expect(await submit(opened.connector, { to: `+49170123450${n}`, encoding, part, ...place })).toMatchObject({
            type: "accepted",
          });
        }
        const seen = opened.rig.seen().filter(({ to }) => to === `+49170123450${n}`);
        expect(seen.map((part) => part.text).join("")).toBe(text);
      }
    });

    test("a refusal says what is refused, and whether this provider may be asked again", async () => {
      await using opened = await openRig();
      opened.rig.behave("refuse_recipient");
      expect(await submit(opened.connector)).toMatchObject({ type: "refused", class: "recipient", retryable: false });
      opened.rig.behave("throttle");
      expect(await submit(opened.connector)).toMatchObject({ type: "refused", class: "throttle", retryable: true });
    });

    test("told 'too fast' it sends nothing for a while, and says so before and when that is over", async () => {
      await using opened = await openRig();
      opened.rig.behave("throttle");
      await submit(opened.connector);
      opened.rig.behave("accept");
      expect(opened.connector.freeSlots(true)).toBe(0);
      expect(await submit(opened.connector, { urgent: true })).toEqual({ type: "not_sent", reason: "window_full" });
      await untilOpen(opened.connector);
      expect(await submit(opened.connector)).toMatchObject({ type: "accepted" });
    });

    test("an answer that does not come is unknown after the deadline, and the slot is free again", async () => {
      await using opened = await openRig({ responseTimeoutMs: 50 });
      opened.rig.behave("silent");
      expect(await submit(opened.connector)).toEqual({ type: "unknown", reason: "response_timeout" });
      opened.rig.behave("accept");
      await untilOpen(opened.connector);
      expect(opened.connector.inFlight).toBe(0);
      expect(await submit(opened.connector)).toMatchObject({ type: "accepted" });
    });

    test("a no at the last moment keeps the segment off the wire", async () => {
      await using opened = await openRig();
      const before = opened.rig.seen().length;
      const aborted = opened.connector.submit(segment(), () => false);
      expect(await aborted).toEqual({ type: "not_sent", reason: "aborted" });
      expect(await submit(opened.connector)).toMatchObject({ type: "accepted" });
      await opened.receipts.until(1);
      expect(opened.rig.seen().length).toBe(before + 1);
    });

    test("a window is never exceeded, and a tenth of it is kept for alerts", async () => {
      await using opened = await openRig({ responseTimeoutMs: 300 });
      const { connector } = opened;
      opened.rig.behave("silent");
      expect([connector.window, connector.freeSlots(false), connector.freeSlots(true)]).toEqual([WINDOW, 9, WINDOW]);
      const held = Array.from({ length: 9 }, () => submit(connector));
      expect([connector.freeSlots(false), connector.freeSlots(true)]).toEqual([0, 1]);
      held.push(submit(connector, { urgent: true }));
      expect([connector.inFlight, connector.freeSlots(true)]).toEqual([WINDOW, 0]);
      expect(await submit(connector, { urgent: true })).toEqual({ type: "not_sent", reason: "window_full" });
      expect(new Set((await Promise.all(held)).map(({ type }) => type))).toEqual(new Set(["unknown"]));
      opened.rig.behave("accept");
      await untilOpen(connector);
    });

    test("a contract's rate is kept", async () => {
      await using opened = await openRig({ ratePerSecond: 20 });
      const startedAt = systemClock.monotonic();
      for (let sent = 0; sent < 12; sent++) {
        await untilOpen(opened.connector);
        expect(await submit(opened.connector)).toMatchObject({ type: "accepted" });
      }
      // 12 at 20 a second, of which what the bucket holds goes at once.
      expect(systemClock.monotonic() - startedAt).toBeGreaterThan(400);
    });

    test("another window counts from now on, and nothing in flight is lost by it", async () => {
      await using opened = await openRig({ responseTimeoutMs: 400 });
      const { connector } = opened;
      opened.rig.behave("silent");
      const held = Array.from({ length: 5 }, () => submit(connector));
      opened.rig.configure({ window: 3, responseTimeoutMs: 400 });
      expect([connector.window, connector.freeSlots(true), connector.inFlight]).toEqual([3, 0, 5]);
      opened.rig.configure({ window: 20, responseTimeoutMs: 400 });
      expect([connector.window, connector.freeSlots(true)]).toEqual([20, 15]);
      await Promise.all(held);
    });

    test("a receipt that was not kept comes again", async () => {
      const again = Promise.withResolvers<void>();
      let times = 0;
      const onReceipt = async (): Promise<void> => {
        times += 1;
        if (times === 1) throw new Error("the store is away");
        again.resolve();
      };
      await using opened = await openRig({}, { onReceipt });
      await submit(opened.connector);
      await again.promise;
      expect(times).toBe(2);
    });

    testOf("replies", "a handset's answer comes in whole", async () => {
      await using opened = await openRig();
      const text = "Да, приходите 😀 ".repeat(12);
      opened.rig.reply?.({ from: "+491701234567", to: "72345", text });
      const { replies } = opened;
      while (replies.items.map((reply) => reply.text).join("").length < text.length) {
        await replies.until(replies.items.length + 1);
      }
      expect(replies.items.map((reply) => reply.text).join("")).toBe(text);
      expect(opened.replies.items[0]).toMatchObject({ from: "+491701234567", to: "72345" });
    });

    testOf("cut", "what was on the wire when the link broke is unknown, never 'not sent'", async () => {
      await using opened = await openRig();
      opened.rig.behave("silent");
      const held = Array.from({ length: 5 }, () => submit(opened.connector));
      while (opened.rig.seen().length < 5) await new Promise(setImmediate);
      opened.rig.cut?.();
      expect(await Promise.all(held)).toEqual(held.map(() => ({ type: "unknown", reason: "link_lost" })));
      opened.rig.behave("accept");
      await untilOpen(opened.connector);
      expect(await submit(opened.connector)).toMatchObject({ type: "accepted" });
    });

    testOf("away", "with nobody there nothing is sent, and it comes back by itself", async () => {
      await using opened = await openRig();
      const { connector } = opened;
      await opened.rig.goAway?.();
      let result = await submit(connector);
      // A link that was just cut may still have taken the first ones.
      while (result.type === "unknown") result = await submit(connector);
      expect(result).toMatchObject({ type: "not_sent" });
      expect([connector.freeSlots(true), connector.health]).toEqual([0, expect.stringMatching(/^(down|connecting)$/)]);
      await opened.rig.comeBack?.();
      await untilOpen(connector);
      expect(connector.health).toBe("bound");
      expect(await submit(connector)).toMatchObject({ type: "accepted" });
    });

    test("drain() waits for what is in flight, takes nothing after it, and is the same twice", async () => {
      await using opened = await openRig({ responseTimeoutMs: 200 });
      const { connector } = opened;
      opened.rig.behave("silent");
      const held = submit(connector);
      let isDrained = false;
      const drained = connector.drain().then(() => {
        isDrained = true;
      });
      expect(await submit(connector)).toEqual({ type: "not_sent", reason: "not_bound" });
      expect(isDrained).toBe(false);
      expect((await held).type).toBe("unknown");
      await Promise.all([drained, connector.drain()]);
      expect([connector.health, connector.freeSlots(true), connector.inFlight]).toEqual(["down", 0, 0]);
    });
  });
}
