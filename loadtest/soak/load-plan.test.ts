import { expect, test } from "bun:test";
import { iterationsMax } from "../scenarios/due-time.ts";
import { checkedPlan, type LoadPlan, messagesMax, STATUS_READ_SHARE, streamsOf } from "./load-plan.ts";
import { planSmokePhases, planSoakPhases } from "./plan-phases.ts";

const account = { id: "a", apiKey: "k", numbers: ["+61491570156"], canary: "heron" };
const plan: LoadPlan = {
  seed: 1,
  baseUrl: "http://127.0.0.1:8080",
  accounts: [account],
  phases: planSoakPhases({ durationMs: 240 * 60_000, messagesPerSecond: 500 }),
  limits: { probeP95Ms: 500, probeP99Ms: 1_000 },
};

test("bulk and probe together offer what the phase says, at low rates too", () => {
  for (const messagesPerSecond of [5, 20, 100, 333, 2_000]) {
    const streams = streamsOf({ phases: planSmokePhases(messagesPerSecond) });
    const offered = streams.reduce((sum, { kind, rate, recipients }) => {
      const sends = kind === "probe" ? rate.perUnit * (1 - STATUS_READ_SHARE) : rate.perUnit;
      return sum + (sends * recipients) / rate.unitSeconds;
    }, 0);
    expect(Math.abs(offered - messagesPerSecond)).toBeLessThanOrEqual(0.6);
    expect(streams.find(({ kind }) => kind === "probe")?.rate.perUnit).toBeLessThanOrEqual(25);
  }
});

test("at a low rate bulk comes in small calls, so that a short window has many of them", () => {
  for (const messagesPerSecond of [5, 20, 100, 333]) {
    const bulk = streamsOf({ phases: planSmokePhases(messagesPerSecond) }).find(({ kind }) => kind === "bulk");
    expect((bulk?.rate.perUnit ?? 0) / (bulk?.rate.unitSeconds ?? 1)).toBeGreaterThan(1.5);
  }
});

test("every phase but the drain sends, in streams whose rates k6 takes: whole numbers", () => {
  const streams = streamsOf(plan);
  expect(streams).toHaveLength(12);
  expect(streams.map(({ index }) => index)).toEqual([...streams.keys()]);
  expect(new Set(streams.map(({ name }) => name)).size).toBe(12);
  for (const { rate } of streams) expect(Number.isInteger(rate.perUnit)).toBe(true);
  expect(streams[0]).toMatchObject({ name: "warm_up_bulk", recipients: 100, rate: { fromPerUnit: 30 } });
});

test("no two streams share a recipient", () => {
  const streams = streamsOf(plan);
  for (const [i, stream] of streams.entries()) {
    const end = stream.firstRecipient + iterationsMax(stream.rate) * stream.recipients;
    expect(streams[i + 1]?.firstRecipient ?? messagesMax(plan)).toBe(end);
  }
});

test("checkedPlan() refuses another host, nobody to send for, and more messages than numbers", () => {
  expect(checkedPlan(plan)).toBe(plan);
  for (const baseUrl of ["http://example.com", "https://127.0.0.1:1", "http://127.0.0.1.example.com", "127.0.0.1"]) {
    expect(() => checkedPlan({ ...plan, baseUrl })).toThrow("only the loopback");
  }
  expect(() => checkedPlan({ ...plan, accounts: [] })).toThrow("without accounts");
  expect(() => checkedPlan({ ...plan, accounts: [{ ...account, numbers: [] }] })).toThrow("no number");
  const phases = planSoakPhases({ durationMs: 24 * 3_600_000, messagesPerSecond: 2_000 });
  expect(() => checkedPlan({ ...plan, phases })).toThrow("numbers");
});
