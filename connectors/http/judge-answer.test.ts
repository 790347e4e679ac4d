import { expect, test } from "bun:test";
import type { RefusalClass } from "../connector.ts";
import { classifyHttpStatus, judgeAnswer } from "./judge-answer.ts";
import { httpSettingsSchema } from "./settings.ts";

const settings = httpSettingsSchema.parse({
  type: "http",
  provider: "acme",
  url: "https://a/",
  answers: [
    { where: { "/messages/0/status": ["queued", "1"] }, accepted: { id: "/messages/0/id" } },
    { where: { "/messages/0/status": ["7"] }, refused: { class: "recipient", code: "/messages/0/code" } },
    { status: [200, 202], matches: "^OK: (?<id>\\S+)", accepted: {} },
    { status: [500], where: { "/safe": ["true"] }, refused: { class: "transient" } },
    { status: [402], unclear: true },
  ],
});
const judge = (status: number, body: unknown): object =>
  judgeAnswer({ status, body: typeof body === "string" ? body : JSON.stringify(body) }, settings);
const UNCLEAR = { type: "unknown", reason: "answer_unclear" } as const;

test("the first rule that fits says what it means", () => {
  expect(judge(200, { messages: [{ status: "queued", id: 17 }] })).toEqual({
    type: "accepted",
    providerMessageId: "17",
  });
  expect(judge(201, { messages: [{ status: 1, id: "a b" }] })).toEqual({ type: "accepted", providerMessageId: "a b" });
  expect(judge(200, { messages: [{ status: "7", code: "4031" }] })).toEqual({
    ...{ type: "refused", status: 4_031, class: "recipient", retryable: false },
  });
  expect(judge(200, { messages: [{ status: 7, code: "none" }] })).toMatchObject({ status: 200, class: "recipient" });
  expect(judge(202, "OK: x-1\n")).toEqual({ type: "accepted", providerMessageId: "x-1" });
  expect(judge(500, { safe: true })).toMatchObject({ class: "transient", retryable: true });
});

test("what no rule reads is in doubt, unless its status promises that nothing was taken", () => {
  for (const body of ["", "OK", "{", "[]", "null", { messages: [] }, { messages: [{ status: "new" }] }]) {
    expect(judge(200, body)).toEqual(UNCLEAR);
  }
  expect(judge(402, "")).toEqual(UNCLEAR);
  expect(judge(403, "OK: x-1")).toMatchObject({ type: "refused", status: 403, class: "account" });
  expect(judge(200, { messages: [{ status: { toString: "queued" } }] })).toEqual(UNCLEAR);
});

const CLASSES: readonly (readonly [RefusalClass | undefined, readonly number[]])[] = [
  [undefined, [200, 204, 299, 408, 500, 501, 502, 504, 507, 599]],
  ["request", [301, 307, 400, 404, 405, 410, 413, 415, 422, 431]],
  ["account", [401, 402, 403, 407]],
  ["throttle", [429]],
  ["transient", [425, 503]],
  ["ambiguous", [409]],
];

test.each(CLASSES)("%p", (refusal, statuses) => {
  for (const status of statuses) expect([status, classifyHttpStatus(status)]).toEqual([status, refusal]);
});
