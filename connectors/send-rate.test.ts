import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { REST_MS, SendRate } from "./send-rate.ts";

/** Sends all that may go, looking every `stepMs` of [from, to), and returns when each went. */
function sendAll(rate: SendRate, from: number, to: number, stepMs = 1, urgent = false): readonly number[] {
  const sent: number[] = [];
  for (let now = from; now < to; now += stepMs) {
    for (let free = Math.min(1_000, rate.available(urgent, now)); free >= 1; free--) {
      rate.take(now);
      sent.push(now);
    }
  }
  return sent;
}

function mostInASecond(sent: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < sent.length; last++) {
    while ((sent[last] ?? 0) - (sent[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe("a contracted rate", () => {
  test("no second holds more than it, whatever the steps, and nearly as much goes", () => {
    const cases = fc.record({
      perSecond: fc.integer({ min: 1, max: 2_000 }),
      stepMs: fc.integer({ min: 1, max: 15 }),
      urgent: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ perSecond, stepMs, urgent }) => {
        const sent = sendAll(new SendRate(perSecond, 0), 0, 10_000, stepMs, urgent);
        expect(mostInASecond(sent)).toBeLessThanOrEqual(perSecond);
        expect(sent.length).toBeGreaterThanOrEqual(Math.floor(perSecond * 10 * 0.93));
      }),
      { numRuns: 60 },
    );
  });

  test("less than one a second is possible", () => {
    expect(sendAll(new SendRate(0.5, 0), 0, 10_000)).toHaveLength(5);
  });

  test("alerts find tokens that the rest has left", () => {
    const rate = new SendRate(200, 0);
    sendAll(rate, 0, 3_000);
    expect(rate.available(false, 2_999)).toBe(0);
    expect(rate.available(true, 2_999)).toBe(2);
  });

  test("nextAt() says when there is something to send, and no earlier", () => {
    const rate = new SendRate(10, 0);
    expect(rate.nextAt(0)).toBeUndefined();
    rate.take(0);
    const at = rate.nextAt(0) ?? 0;
    expect(at).toBeGreaterThan(80);
    expect(at).toBeLessThan(100);
    expect(rate.available(false, at - 1)).toBe(0);
    expect(rate.available(false, Math.ceil(at))).toBe(1);
  });
});

describe("too fast", () => {
  test("it rests, goes on at half, and is at the contract again after ten seconds", () => {
    const rate = new SendRate(100, 0);
    sendAll(rate, 0, 1_000);
    rate.throttled(500, 1_000);
    expect(sendAll(rate, 1_000, 1_000 + REST_MS)).toEqual([]);
    const from = 1_000 + REST_MS;
    expect(rate.nextAt(1_000)).toBe(from);
    expect(rate.limit(from)).toBe(50);
    expect(rate.limit(from + 5_000)).toBeCloseTo(75);
    expect(rate.limit(from + 10_000)).toBe(100);
    expect(rate.limit(from + 60_000)).toBe(100);
  });

  test("a window of complaints is one, a complaint about what was sent later is another", () => {
    const rate = new SendRate(100, 0);
    for (let i = 0; i < 50; i++) rate.throttled(i, 60);
    expect(rate.limit(60)).toBe(50);
    rate.throttled(60, 61);
    expect(rate.limit(61)).toBe(50);
    rate.throttled(1_100, 1_200);
    expect(rate.limit(1_200)).toBeCloseTo(25, 0);
  });

  test("never below a tenth of the contract", () => {
    const rate = new SendRate(20, 0);
    for (let now = 0; now < 20_000; now += 2_000) rate.throttled(now + 1, now + 2);
    expect(rate.limit(18_003)).toBe(2);
  });

  test("without a contract: half of what was sent in the last second, and no limit again at twice of it", () => {
    const rate = new SendRate(undefined, 0);
    expect([rate.available(false, 0), rate.nextAt(0)]).toEqual([Number.POSITIVE_INFINITY, undefined]);
    for (let now = 0; now < 3_000; now += 2) rate.take(now);
    rate.throttled(2_990, 3_000);
    expect(rate.limit(3_000)).toBeGreaterThan(240);
    expect(rate.limit(3_000)).toBeLessThan(260);
    const sent = sendAll(rate, 3_000, 5_000);
    expect(sent[0]).toBeGreaterThanOrEqual(4_000);
    expect(sent.length).toBeGreaterThan(200);
    expect(sent.length).toBeLessThan(280);
    expect(rate.limit(3_000 + REST_MS + 20_000)).toBeLessThan(1_000);
    expect(rate.available(false, 3_000 + REST_MS + 31_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test("against a provider's own limit it finds about that, without a contract", () => {
    const rate = new SendRate(undefined, 0);
    let [second, taken, accepted, refused] = [0, 0, 0, 0];
    for (let now = 0; now < 60_000; now++) {
      if (Math.floor(now / 1_000) !== second) [second, taken] = [Math.floor(now / 1_000), 0];
      for (let free = Math.min(50, rate.available(false, now)); free >= 1; free--) {
        rate.take(now);
        taken += 1;
        if (taken <= 300) accepted += 1;
        else {
          refused += 1;
          rate.throttled(now, now);
          break;
        }
      }
    }
    expect(accepted / 60).toBeGreaterThan(180);
    expect(refused / accepted).toBeLessThan(0.01);
  });
});

describe("congestion_state", () => {
  test("below 80 it says nothing, at 80 the rate is held, from 90 it is cut, once a second", () => {
    const rate = new SendRate(100, 0);
    rate.throttled(1, 2);
    rate.congested(79, 5_002);
    expect(rate.limit(5_002)).toBeCloseTo(70);
    rate.congested(85, 5_002);
    rate.congested(85, 6_002);
    expect(rate.limit(6_002)).toBeCloseTo(75, 0);
    rate.congested(95, 6_002);
    rate.congested(100, 6_003);
    expect(rate.limit(6_003)).toBeCloseTo(37.5, 0);
  });
});
