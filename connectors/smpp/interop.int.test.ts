/** Our connector against an SMSC that nobody here wrote: smpp34, with gsm0338 as the reader of its texts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { openSmpp34Smsc, type SeenSubmit, type Smpp34Smsc, seenSubmits } from "#testkit/peers/smpp34-smsc.ts";
import { until } from "#testkit/until.ts";
import type { Connector, InboundReceipt, InboundReply, SubmitResult } from "../connector.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "./testing/hard-texts.ts";
import { openTestConnector, type SettingsInput } from "./testing/open-pair.ts";

/** The first time its packages are fetched. */
const SET_UP_MS = 300_000;
const INBOUND_MS = 10_000;

let smsc: Smpp34Smsc;
beforeAll(async () => {
  smsc = await openSmpp34Smsc("same");
}, SET_UP_MS);
afterAll(async () => {
  await smsc[Symbol.asyncDispose]();
});

interface Link extends AsyncDisposable {
  readonly connector: Connector;
  readonly receipts: InboundReceipt[];
  readonly replies: InboundReply[];
}

async function openLink(to: Smpp34Smsc, settings: SettingsInput = {}): Promise<Link> {
  const receipts: InboundReceipt[] = [];
  const replies: InboundReply[] = [];
  const handlers = {
    onReceipt: async (receipt: InboundReceipt) => void receipts.push(receipt),
    onReply: async (reply: InboundReply) => void replies.push(reply),
  };
  const binds = bindsOf(to);
  const connector = openTestConnector(to.port, handlers, settings);
  await untilOpen(connector);
  // The peer's own program learns of a bind a little after it is answered.
  await untilMoreBinds(to, binds);
  return { connector, receipts, replies, [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose]() };
}

function bindsOf(peer: Smpp34Smsc): number {
  return peer.process.said.filter(({ event }) => event === "bound").length;
}

async function untilMoreBinds(peer: Smpp34Smsc, before: number): Promise<void> {
  await until("a bind", INBOUND_MS, () => (bindsOf(peer) > before ? true : undefined));
}

/** All parts of a text at once; the peer may see them in any order. */
function submitText({ connector }: Link, text: string, to: string): Promise<readonly SubmitResult[]> {
  const { encoding, parts } = segmentText(text);
  const common = { to, encoding, segments: parts.length, concatReference: 200 };
  return Promise.all(
    parts.map((part, i) => connector.submit(segment({ ...common, part, segment: i }), alwaysMayWrite)),
  );
}

function receiptOf({ receipts }: Link, result: SubmitResult | undefined): Promise<InboundReceipt> {
  const id = result?.type === "accepted" ? result.providerMessageId : "none";
  return until(`the receipt of ${id}`, INBOUND_MS, () => receipts.find((receipt) => receipt.providerMessageId === id));
}

describe("smpp34 as our provider reads", () => {
  test.each([
    ["every character of the GSM alphabet", GSM7_ALPHABET, 0, 1, "1001"],
    ["ten parts of GSM text with extension characters", GSM7_TEN_PARTS, 0, 10, "1002"],
    ["ten parts of UCS-2 with surrogates", UCS2_TEN_PARTS, 8, 10, "1003"],
    ["a single emoji", "😀", 8, 1, "1004"],
  ] as const)("%s as they were sent", async (_, text, dataCoding, parts, suffix) => {
    await using link = await openLink(smsc);
    const results = await submitText(link, text, `+49170123${suffix}`);
    expect(results.map(({ type }) => type)).toEqual(Array(parts).fill("accepted"));
    const seen = await seenSubmits(smsc, suffix, parts);
    expect(seen.map((submit) => submit.text).join("")).toBe(text);
    expect(seen.map(({ place }) => place)).toEqual(parts === 1 ? [null] : seen.map((_part, i) => [200, parts, i + 1]));
    const same: Partial<SeenSubmit> = {
      source: [5, 0, "Shop"],
      to: [1, 1, `49170123${suffix}`],
      data_coding: dataCoding,
      esm_class: parts === 1 ? 0 : 0x40,
      registered_delivery: 1,
    };
    for (const submit of seen) expect(submit).toMatchObject(same);
    // Each part has its receipt, and it finds its submit.
    for (const result of results) expect(await receiptOf(link, result)).toMatchObject({ state: "delivered" });
  });
});

describe("smpp34 as our provider answers", () => {
  test("late, after the receipt", async () => {
    await using link = await openLink(smsc);
    const [result] = await submitText(link, "x", "+491701230101");
    expect(await receiptOf(link, result)).toMatchObject({ state: "delivered", from: "+491701230101", to: "Shop" });
  });

  test("out of order", async () => {
    await using link = await openLink(smsc);
    const results = await Promise.all(["a", "b", "c"].map((text) => submitText(link, text, "+491701230102")));
    const seen = await seenSubmits(smsc, "0102", 3);
    const idOf = new Map(seen.map(({ text, id }) => [text, id]));
    const expected = ["a", "b", "c"].map((text) => [{ type: "accepted", providerMessageId: idOf.get(text) }]);
    expect(results).toEqual(expected as typeof results);
  });

  test("in hex, with receipts in padded decimal", async () => {
    await using hex = await openSmpp34Smsc("hex_then_decimal");
    await using link = await openLink(hex, { responseIdForm: "hex", receiptIdForm: "decimal" });
    const [result] = await submitText(link, "x", "+491701239999");
    const receipt = await receiptOf(link, result);
    const [seen] = await seenSubmits(hex, "9999", 1);
    expect(seen?.id).toMatch(/[A-F]/);
    expect(receipt.rawProviderMessageId).toMatch(/^0000\d+$/);
  });

  test("that it is too much for one destination, and takes the next", async () => {
    await using link = await openLink(smsc);
    const [throttled] = await submitText(link, "x", "+491701230058");
    expect(throttled).toMatchObject({ type: "refused", status: 0x58, class: "throttle", retryable: true });
    await untilOpen(link.connector);
    expect(await submitText(link, "x", "+491701231058")).toMatchObject([{ type: "accepted" }]);
  });

  test("not at all", async () => {
    await using link = await openLink(smsc, { responseTimeoutMs: 100 });
    expect(await submitText(link, "x", "+491701230103")).toEqual([{ type: "unknown", reason: "response_timeout" }]);
  });

  test("over a transmitter, with its receipts on a receiver", async () => {
    await using link = await openLink(smsc, { bindAs: "tx+rx" });
    await until("both binds", INBOUND_MS, () => {
      const [one, other] = smsc.process.said.filter(({ event }) => event === "bound").slice(-2);
      return one?.can_receive !== other?.can_receive || undefined;
    });
    const [result] = await submitText(link, "x", "+491701231106");
    expect(await receiptOf(link, result)).toMatchObject({ state: "delivered" });
  });

  test("and unbinds: the connector comes back", async () => {
    await using link = await openLink(smsc);
    const before = bindsOf(smsc);
    expect(await submitText(link, "x", "+491701230104")).toMatchObject([{ type: "accepted" }]);
    await untilMoreBinds(smsc, before);
    await untilOpen(link.connector);
    expect(await submitText(link, "x", "+491701231105")).toMatchObject([{ type: "accepted" }]);
  });
});

describe("handsets behind smpp34 reply", () => {
  test.each([
    ["in GSM", "Ja, bitte: {1} [2] £3 €4", "gsm7"],
    ["in UCS-2, in parts that smpplib cut", "Да, приходите 😀 ".repeat(12), "ucs2"],
  ] as const)("%s", async (_, text, encoding) => {
    await using link = await openLink(smsc);
    smsc.process.tell({ deliver: { source: "491709999999", to: "72345", text } });
    const joined = (): string => {
      const places = link.replies.toSorted((a, b) => (a.concat?.index ?? 0) - (b.concat?.index ?? 0));
      return places.map((reply) => reply.text).join("");
    };
    await until("the whole reply", INBOUND_MS, () => (joined() === text ? true : undefined));
    for (const reply of link.replies) expect(reply).toMatchObject({ from: "+491709999999", encoding });
  });
});
