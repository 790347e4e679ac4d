import { expect, test } from "bun:test";
import { parseReceipts, parseReplies } from "./parse-callback.ts";
import { httpSettingsSchema } from "./settings.ts";

const RECEIPTS = {
  items: "/results",
  id: "/message~1id",
  state: "/status/name",
  states: { DELIVRD: "delivered", Failed: "undelivered" },
  ...{ error: "/error", doneAt: "/at", from: "/to", to: "/from" },
};
const { callbacks } = httpSettingsSchema.parse({
  ...{ type: "http", provider: "acme", url: "https://a/", answers: [{ accepted: {} }] },
  callbacks: {
    secret: "0123456789abcdef",
    receipts: RECEIPTS,
    replies: { from: "/msisdn", to: "/to", text: "/text" },
  },
});
if (callbacks?.receipts === undefined || callbacks.replies === undefined) throw new Error("both were given");
const { receipts, replies } = callbacks;
const DELIVERED = { "message/id": 12, status: { name: "delivrd" } };
const received = { provider: "acme", receivedAt: 5 };

test("one receipt or a list of them, by the link's pointers and words", () => {
  const full = { ...DELIVERED, error: 27, at: "2026-11-24T03:00:00Z", to: "00491701234567", from: "Shop" };
  const parsed = {
    ...{ provider: "acme", providerMessageId: "12", rawProviderMessageId: "12", state: "delivered" },
    ...{ error: "", from: "", to: "" },
  };
  expect(parseReceipts({ results: DELIVERED }, receipts, "acme")).toEqual({ type: "items", items: [parsed as never] });
  expect(parseReceipts({ results: [full, DELIVERED] }, receipts, "acme")).toMatchObject({
    items: [
      { ...parsed, error: "27", doneAt: Date.UTC(2026, 10, 24, 3), from: "+491701234567", to: "Shop" },
      { providerMessageId: "12" },
    ],
  });
  expect(parseReceipts({ results: [] }, receipts, "acme")).toEqual({ type: "items", items: [] });
});

test.each([
  [1_795_488_000, 1_795_488_000_000],
  ["1795488000", 1_795_488_000_000],
  [1_795_488_000_123, 1_795_488_000_123],
  ["2026-11-24T03:00:00+01:00", Date.UTC(2026, 10, 24, 2)],
  ["yesterday", undefined],
  [-1, undefined],
])("done at %p is %p", (at, doneAt) => {
  const parsed = parseReceipts({ results: { ...DELIVERED, at } }, receipts, "acme");
  expect(parsed.type === "items" ? parsed.items[0]?.doneAt : parsed).toBe(doneAt);
});

test("one wrong item and nothing of the request is taken; what is wrong names no number and no text", () => {
  const wrong = { ...DELIVERED, status: { name: "kaputt +491701234567" } };
  expect(parseReceipts({ results: [DELIVERED, wrong] }, receipts, "acme")).toEqual({
    type: "wrong",
    problem: "Item 2 of 2: What is at /status/name is none of the states of this link: delivrd, failed",
  });
  expect(parseReceipts({ results: [{ status: "x" }] }, receipts, "acme")).toMatchObject({
    problem: "Item 1 of 1: Nothing is at /message~1id, where the message's id should be",
  });
  expect(parseReceipts({}, receipts, "acme")).toEqual({ type: "wrong", problem: "Nothing is at /results" });
  const many = Array.from({ length: 1_001 }, () => DELIVERED);
  expect(parseReceipts({ results: many }, receipts, "acme")).toMatchObject({ type: "wrong" });
});

test("a reply is whole, and may be empty", () => {
  const reply = { msisdn: "491701234567", to: "72345", text: "Привет" };
  expect(parseReplies(reply, replies, received)).toEqual({
    type: "items",
    items: [{ ...received, from: "+491701234567", to: "72345", text: "Привет", encoding: "ucs2" }],
  });
  expect(parseReplies({ ...reply, text: "" }, replies, received)).toMatchObject({
    items: [{ text: "", encoding: "gsm7" }],
  });
  expect(parseReplies({ ...reply, text: null }, replies, received)).toMatchObject({
    problem: expect.stringContaining("/text"),
  });
  expect(parseReplies({ to: "1" }, replies, received)).toMatchObject({ problem: expect.stringContaining("/msisdn") });
});
