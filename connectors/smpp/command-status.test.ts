import { expect, test } from "bun:test";
import { classifyStatus } from "./command-status.ts";

test("classifyStatus() is total, and what it does not know is ambiguous", () => {
  const expected = {
    throttle: [0x58],
    busy: [0x14],
    transient: [0x08, 0x64, 0x102],
    ambiguous: [0x45, 0xfe, 0xff, 0x400, 0x4ff, 0x7777_7777],
    session: [0x04, 0x05],
    account: [0x0d, 0x0e, 0x0f, 0x53],
    route: [0x0a, 0x48, 0x101],
    recipient: [0x0b, 0x50, 0x51],
    request: [0x01, 0x03, 0xc0, 0xc4, 0x104],
    permanent: [0x65, 0x66],
  };
  for (const [name, statuses] of Object.entries(expected)) {
    for (const status of statuses) expect(`${status} ${classifyStatus(status, {}).class}`).toBe(`${status} ${name}`);
  }
});

test("a wrong recipient is not tried again, a throttled one is", () => {
  expect(classifyStatus(0x0b, {}).retryable).toBe(false);
  expect(classifyStatus(0x58, {}).retryable).toBe(true);
});

test("a link's own table goes before the default one", () => {
  const own = { 12: "throttle", 69: "recipient" } as const;
  expect(classifyStatus(0x0c, own)).toEqual({ class: "throttle", retryable: true });
  expect(classifyStatus(0x45, own)).toEqual({ class: "recipient", retryable: false });
  expect(classifyStatus(0x0b, own).class).toBe("recipient");
});
