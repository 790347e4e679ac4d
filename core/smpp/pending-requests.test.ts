import { describe, expect, test } from "bun:test";
import type { Pdu } from "./pdu.ts";
import { createPendingRequests, SEQUENCE_MAX } from "./pending-requests.ts";
import { createManualClock } from "./testing/manual-clock.ts";

const SUBMIT = { command: "submit_sm", windowed: true, timeoutMs: 1_000 };
const answer = (sequence: number, command = "submit_sm_resp", status = 0): Pdu => ({
  command,
  commandId: 0,
  status,
  sequence,
  fields: {},
});

function setUp(firstSequence?: number) {
  const clock = createManualClock();
  const settled: number[] = [];
  const pending = createPendingRequests({
    clock,
    onSettled: () => settled.push(pending.windowed),
    ...(firstSequence === undefined ? {} : { firstSequence }),
  });
  return { clock, pending, settled };
}

describe("pending requests", () => {
  test("nextSequence() wraps to 1 and skips numbers in flight", () => {
    const { pending } = setUp(SEQUENCE_MAX - 1);
    expect(pending.nextSequence()).toBe(SEQUENCE_MAX - 1);
    expect(pending.nextSequence()).toBe(SEQUENCE_MAX);
    void pending.add(1, SUBMIT);
    void pending.add(2, SUBMIT);
    expect(pending.nextSequence()).toBe(3);
    pending.loseAll();
  });

  test("settle() wants the sequence and the command, or a generic_nack", async () => {
    const { pending } = setUp();
    const first = pending.add(1, SUBMIT);
    expect(pending.settle(answer(1, "enquire_link_resp"))).toBe(false);
    expect(pending.settle(answer(2))).toBe(false);
    expect(pending.settle(answer(1))).toBe(true);
    expect(pending.settle(answer(1))).toBe(false);
    expect(await first).toMatchObject({ type: "answered", status: 0 });
    const second = pending.add(2, SUBMIT);
    expect(pending.settle(answer(2, "generic_nack", 3))).toBe(true);
    expect(await second).toMatchObject({ type: "answered", command: "generic_nack", status: 3 });
  });

  test("each request has its own deadline, and leaves the window by it", async () => {
    const { clock, pending, settled } = setUp();
    const first = pending.add(1, SUBMIT);
    clock.advance(600);
    const second = pending.add(2, SUBMIT);
    const control = pending.add(3, { command: "enquire_link", windowed: false, timeoutMs: 100 });
    expect(pending.windowed).toBe(2);
    clock.advance(100);
    expect(await control).toEqual({ type: "unknown", reason: "response_timeout" });
    clock.advance(300);
    expect(await first).toEqual({ type: "unknown", reason: "response_timeout" });
    expect(pending.windowed).toBe(1);
    clock.advance(600);
    expect(await second).toEqual({ type: "unknown", reason: "response_timeout" });
    expect(settled.at(-1)).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test("a deadline stretches while we do not read, at most to twice its length", async () => {
    const { clock, pending } = setUp();
    const resumed = pending.add(1, SUBMIT);
    pending.setReading(false);
    clock.advance(900);
    pending.setReading(true);
    clock.advance(900);
    expect(pending.size).toBe(1);
    clock.advance(100);
    expect(await resumed).toEqual({ type: "unknown", reason: "response_timeout" });
    const never = pending.add(2, SUBMIT);
    pending.setReading(false);
    clock.advance(1_999);
    expect(pending.size).toBe(1);
    clock.advance(1);
    expect(await never).toEqual({ type: "unknown", reason: "response_timeout" });
  });

  test("loseAll() settles everything and leaves no timer", async () => {
    const { clock, pending } = setUp();
    const results = [pending.add(1, SUBMIT), pending.add(2, SUBMIT)];
    pending.loseAll();
    expect(await Promise.all(results)).toEqual(results.map(() => ({ type: "unknown", reason: "link_lost" })));
    expect([pending.size, pending.windowed, clock.timers]).toEqual([0, 0, 0]);
  });
});
