/** Our connector against jSMPP's simulator: hex ids, decimal receipts, congestion told unasked, a message at a bind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart, segmentText } from "#domain/encoding/segment-text.ts";
import { JSMPP_LOGIN, openJsmppSimulator, seenByJsmpp } from "#testkit/peers/jsmpp-simulator.ts";
import type { LoopbackCell } from "#testkit/peers/loopback-cell/open-cell.ts";
import { until } from "#testkit/until.ts";
import type { InboundReceipt, InboundReply } from "../connector.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { GSM7_ALPHABET, GSM7_TEN_PARTS, UCS2_TEN_PARTS } from "./testing/hard-texts.ts";
import { openTestConnector } from "./testing/open-pair.ts";

const SET_UP_MS = 600_000;
const INBOUND_MS = 30_000;
const REFERENCE = 201;
const IDS = { responseIdForm: "hex", receiptIdForm: "decimal" } as const;

let cell: LoopbackCell;
beforeAll(async () => {
  cell = await openJsmppSimulator();
}, SET_UP_MS);
afterAll(async () => {
  await cell[Symbol.asyncDispose]();
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

test.each([
  ["the GSM alphabet", GSM7_ALPHABET, 1],
  ["ten parts of GSM text", GSM7_TEN_PARTS, 10],
  ["ten parts of UCS-2 with surrogates", UCS2_TEN_PARTS, 10],
] as const)(
  "%s: every octet as sent, each part with its receipt",
  async (_, text, count) => {
    const receipts: InboundReceipt[] = [];
    const replies: InboundReply[] = [];
    const handlers = {
      onReceipt: async (receipt: InboundReceipt) => void receipts.push(receipt),
      onReply: async (reply: InboundReply) => void replies.push(reply),
    };
    await using connector = openTestConnector(cell.port, handlers, { ...JSMPP_LOGIN, ...IDS });
    await untilOpen(connector);
    const { encoding, parts } = segmentText(text);
    const results = await Promise.all(
      parts.map((part, i) => {
        const place = { segment: i, segments: parts.length, concatReference: REFERENCE };
        return connector.submit(segment({ ...place, encoding, part }), alwaysMayWrite);
      }),
    );
    const ids = results.map((result) => (result.type === "accepted" ? result.providerMessageId : result.type));
    expect(new Set(ids).size).toBe(count);
    const seen = new Map(seenByJsmpp(cell).map(({ octets, id }) => [BigInt(`0x${id}`).toString(), hex(octets)]));
    const header = (i: number): Uint8Array =>
      count === 1 ? new Uint8Array(0) : concatHeader({ reference: REFERENCE, total: count, index: i + 1 });
    expect(ids.map((id) => seen.get(id))).toEqual(
      parts.map((part, i) => hex(header(i)) + hex(encodePart(part, encoding))),
    );
    await until("a receipt each", INBOUND_MS, () => (receipts.length === count ? true : undefined));
    expect(new Set(receipts.map((receipt) => receipt.providerMessageId))).toEqual(new Set(ids));
    for (const receipt of receipts) expect(receipt).toMatchObject({ state: "delivered", to: "Shop" });
    await until("the message at the bind", INBOUND_MS, () => (replies.length === 1 ? true : undefined));
    expect(replies[0]).toMatchObject({ text: "Hello World", encoding: "gsm7" });
  },
  INBOUND_MS,
);

test("a wrong password is a refused account", async () => {
  const quiet = { onReceipt: async () => undefined, onReply: async () => undefined };
  await using connector = openTestConnector(cell.port, quiet, { ...JSMPP_LOGIN, password: "wrong" });
  await until("the refusal", INBOUND_MS, () => (connector.health === "down" ? true : undefined));
  expect(await connector.submit(segment(), alwaysMayWrite)).toEqual({ type: "not_sent", reason: "not_bound" });
});

test("a simulator that dies leaves nothing undecided", async () => {
  const quiet = { onReceipt: async () => undefined, onReply: async () => undefined };
  const own = await openJsmppSimulator();
  await using connector = openTestConnector(own.port, quiet, { ...JSMPP_LOGIN, ...IDS });
  await untilOpen(connector);
  const results = Array.from({ length: 40 }, () => connector.submit(segment(), alwaysMayWrite));
  await own[Symbol.asyncDispose]();
  for (const result of await Promise.all(results)) expect(["accepted", "unknown", "not_sent"]).toContain(result.type);
  expect(connector.health).not.toBe("bound");
});
