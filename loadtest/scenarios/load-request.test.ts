import { expect, test } from "bun:test";
import { parseE164, parseSender } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { type LoadPlan, type LoadStream, STATUS_READ_SHARE, streamsOf } from "../soak/load-plan.ts";
import { planSmokePhases } from "../soak/plan-phases.ts";
import { LOAD_BEHAVIOUR, requestOf, statusReadOf } from "./load-request.ts";

const account = (id: string, number: string) => ({ id, apiKey: "k", numbers: [number], canary: `canary${id}` });
const plan: LoadPlan = {
  seed: 7,
  baseUrl: "http://127.0.0.1:8080",
  accounts: [account("a", "+61491570156"), account("b", "+61491570158")],
  phases: planSmokePhases(500, 300),
  limits: { probeP95Ms: 500, probeP99Ms: 1_000 },
};
const [bulk, probe] = streamsOf(plan) as [LoadStream, LoadStream];
const SAMPLE = [...Array(1_000).keys()];
const sends = [bulk, probe].flatMap((stream) => SAMPLE.map((n) => requestOf(plan, stream, n)));

test("a request is the same each time it is made, and another with another seed", () => {
  expect(requestOf(plan, probe, 41)).toEqual(requestOf(structuredClone(plan), probe, 41));
  const other = SAMPLE.map((n) => requestOf({ ...plan, seed: 8 }, probe, n));
  expect(other).not.toEqual(SAMPLE.map((n) => requestOf(plan, probe, n)));
});

test("every recipient is a number that can be, and is one of one message only", () => {
  const all = sends.flatMap(({ to }) => to);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(1_000 * 100 + 1_000);
  for (const to of all.slice(-1_100)) expect(parseE164(to)).toBeDefined();
});

test("classes, accounts, encodings and lengths are mixed, and no two texts are the same", () => {
  for (const stream of [bulk, probe]) {
    const requests = SAMPLE.map((n) => requestOf(plan, stream, n));
    const segmented = requests.map(({ text }) => segmentText(text));
    expect(new Set(requests.map(({ account }) => account)).size).toBe(2);
    expect(new Set(segmented.map(({ encoding }) => encoding)).size).toBe(2);
    expect(Math.max(...segmented.map(({ parts }) => parts.length))).toBeGreaterThanOrEqual(2);
    expect(segmented.some(({ parts }) => parts.length === 1)).toBe(true);
  }
  expect(new Set(sends.map((request) => request.class))).toEqual(new Set(["alert", "transactional", "bulk"]));
  expect(new Set(sends.map(({ text }) => text)).size).toBe(sends.length);
});

test("a text holds the word of its account alone, and comes from a sender that is allowed", () => {
  for (const { account: index, text, from } of sends) {
    expect(text.startsWith(`${plan.accounts[index]?.canary} `)).toBe(true);
    expect(parseSender(from)).toBeDefined();
    if (from.startsWith("+")) expect(plan.accounts[index]?.numbers).toContain(from);
  }
});

test("who is asked for a reply has a number to send it to, and nobody else is", () => {
  const [rule] = LOAD_BEHAVIOUR.autoReply;
  const asked = sends.filter(({ text }) => text.includes(rule.textContains));
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.every(({ from, to, text }) => from.startsWith("+") && to.length === 1 && text.length < 160)).toBe(true);
  expect(sends.filter(({ from }) => from.startsWith("+"))).toEqual(asked);
});

test("about a fifth of the probe's iterations read a status, some as a stranger; bulk never does", () => {
  const reads = SAMPLE.map((n) => statusReadOf(plan, probe, n)).filter((read) => read !== undefined);
  expect(Math.abs(reads.length / SAMPLE.length - STATUS_READ_SHARE)).toBeLessThan(0.05);
  expect(reads.some(({ asStranger }) => asStranger)).toBe(true);
  expect(reads.every(({ id }) => id >= 0 && id < 1)).toBe(true);
  expect(SAMPLE.some((n) => statusReadOf(plan, bulk, n) !== undefined)).toBe(false);
  const alone = { ...plan, accounts: plan.accounts.slice(0, 1) };
  expect(SAMPLE.some((n) => statusReadOf(alone, probe, n)?.asStranger)).toBe(false);
});
