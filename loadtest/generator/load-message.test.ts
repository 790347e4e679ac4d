import { expect, test } from "bun:test";
import { parseE164 } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { indexOfNumber, LOAD_MESSAGES_MAX, loadMessage, loadRequest } from "./load-message.ts";

const SAMPLE = [...Array(5_000).keys(), LOAD_MESSAGES_MAX - 1];

test("every message is one GSM-7 segment of 120-160 characters to a number that can be", () => {
  for (const index of SAMPLE) {
    const { to, text } = loadMessage(index);
    expect(parseE164(to)).toBeDefined();
    expect(indexOfNumber(to)).toBe(index);
    expect(text.length).toBeGreaterThanOrEqual(120);
    expect(text.length).toBeLessThanOrEqual(160);
    const { encoding, parts } = segmentText(text);
    expect([encoding, parts.length]).toEqual(["gsm7", 1]);
  }
});

test("texts differ, are the same each time, and classes are mixed", () => {
  const messages = SAMPLE.map(loadMessage);
  expect(new Set(messages.map(({ text }) => text)).size).toBe(SAMPLE.length);
  expect(new Set(messages.map((message) => message.class))).toEqual(new Set(["alert", "transactional", "bulk"]));
  expect(loadMessage(77)).toEqual(loadMessage(77));
});

test("indexOfNumber() knows no other numbers", () => {
  expect(indexOfNumber("+491701234567")).toBeUndefined();
  expect(indexOfNumber("+614")).toBeUndefined();
  expect(indexOfNumber("+6141234567x")).toBeUndefined();
});

test("loadRequest() says its length in bytes", () => {
  const request = loadRequest(loadMessage(3), { host: "127.0.0.1:8080", apiKey: "k" });
  const [head = "", body = ""] = request.split("\r\n\r\n");
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toMatchObject({ to: "+61400000003", from: "Godwit" });
});
