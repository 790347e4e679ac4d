import { describe, expect, test } from "bun:test";
import type { Random } from "#domain/random.ts";
import { seededStream } from "#domain/seeded-random.ts";
import { type BehaviourInput, behaviourSchema } from "./behaviour.ts";
import { type PlannedReceipt, SubmitPlanner } from "./plan-submit.ts";

/** Chance that always says `fraction`. */
const fixed = (fraction: number): Random => ({ bytes: (count) => new Uint8Array(count), fraction: () => fraction });

function planWith(behaviour: BehaviourInput, random = fixed(0.5)) {
  const parsed = behaviourSchema.parse(behaviour);
  const planner = new SubmitPlanner(random);
  return (to: string, { text = "hi", nowMs = 0, from = "Shop", registered = 1 } = {}) =>
    planner.plan({ to, from, registered, text: () => text }, parsed, nowMs);
}

const states = (receipts: readonly PlannedReceipt[]): readonly string[] => receipts.map(({ state }) => state);

describe("plan()", () => {
  test("a plain submit is accepted and delivered", () => {
    expect(planWith({})("4917012345678")).toEqual({
      answer: "accept",
      answerAfterMs: 0,
      congestion: undefined,
      receipts: [{ state: "delivered", dialect: "standard", afterMs: 0 }],
      garbage: false,
      replies: [],
    });
    expect(planWith({ receipts: "none" })("4917012345678").receipts).toEqual([]);
  });

  test("magic suffixes work, and can be turned off", () => {
    const plan = planWith({});
    expect(states(plan("490001").receipts)).toEqual(["undelivered"]);
    expect(states(plan("490002").receipts)).toEqual(["expired"]);
    expect(plan("490003").answer).toEqual({ refuse: 0x0b });
    expect(plan("490058").answer).toEqual({ refuse: 0x58 });
    expect(plan("490058").answer).toBe("accept");
    expect(planWith({ magicSuffixes: false })("490003").answer).toBe("accept");
  });

  test("links drop, die and get garbage at every n-th submit, some stay unanswered", () => {
    const drop = planWith({ dropLinkEvery: 2 });
    expect([drop("49").answer, drop("49").answer]).toEqual(["accept", "drop"]);
    const die = planWith({ halfOpenEvery: 2 });
    expect([die("49").answer, die("49").answer]).toEqual(["accept", "half_open"]);
    const garbage = planWith({ garbageEvery: 2 });
    expect([garbage("49").garbage, garbage("49").garbage]).toEqual([false, true]);
    expect(planWith({ noAnswerShare: 0.6 })("49").answer).toBe("silent");
  });

  test("every auto-reply that fits is sent", () => {
    const plan = planWith({
      autoReply: [
        { textContains: "code", text: "STOP" },
        { toSuffix: "7", text: "hello", delayMs: 900 },
        { from: "Bank", text: "who is this?" },
        { share: 0.4, text: "seldom" },
      ],
    });
    const texts = (to: string, text: string, from = "Shop") =>
      plan(to, { text, from }).replies.map(({ rule, afterMs }) => [rule.text, afterMs]);
    expect(texts("497", "your code")).toEqual([
      ["STOP", 0],
      ["hello", 900],
    ]);
    expect(texts("498", "nothing")).toEqual([]);
    expect(texts("498", "nothing", "Bank")).toEqual([["who is this?", 0]]);
  });

  test("congestion is what it is told, or how much of the rate this second has used", () => {
    expect(planWith({ congestion: 85 })("49").congestion).toBe(85);
    const plan = planWith({ congestion: "by_rate", throttlePerSecond: 4 });
    expect([0, 1, 2].map(() => plan("49").congestion)).toEqual([25, 50, 75]);
    expect(plan("49", { nowMs: 1_000 }).congestion).toBe(25);
    expect(planWith({ congestion: "by_rate" })("49").congestion).toBeUndefined();
  });
});

describe("receipts", () => {
  test("only those that registered_delivery asks for", () => {
    const plan = planWith({});
    const asked = (to: string, registered: number) => states(plan(to, { registered }).receipts);
    expect([0, 1, 2, 3, 0x11].map((registered) => asked("49", registered).length)).toEqual([0, 1, 0, 1, 1]);
    expect([0, 1, 2, 3].map((registered) => asked("490001", registered).length)).toEqual([0, 1, 1, 0]);
  });

  test("shares of final states are kept, and some receipts are lost", () => {
    const plan = planWith({ receipts: { delivered: 90, undelivered: 7, none: 3 } }, seededStream(5, "receipts"));
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const [state = "none"] = states(plan(`49170${i}9`).receipts);
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["delivered", "none", "undelivered"]);
    expect(Math.abs((counts.get("undelivered") ?? 0) - 700)).toBeLessThan(100);
    expect(Math.abs((counts.get("none") ?? 0) - 300)).toBeLessThan(70);
  });

  test("early, doubled, contradicted, and ENROUTE first", () => {
    const receipts = (behaviour: BehaviourInput) => planWith({ receiptDelayMs: 100, ...behaviour })("49").receipts;
    expect(receipts({ receiptFirst: true })).toMatchObject([{ afterMs: "before_answer" }]);
    expect(receipts({ receiptFirst: 0.4 })).toMatchObject([{ afterMs: 100 }]);
    expect(receipts({ doubleReceipts: true })).toMatchObject([{ afterMs: 100 }, { state: "delivered", afterMs: 100 }]);
    expect(receipts({ contradictReceipts: true })).toMatchObject([
      { state: "delivered", afterMs: 100 },
      { state: "undelivered", afterMs: 200 },
    ]);
    expect(receipts({ intermediateReceipts: true })).toMatchObject([
      { state: "enroute", afterMs: 0 },
      { state: "delivered", afterMs: 100 },
    ]);
    const early = receipts({ receiptFirst: true, intermediateReceipts: true });
    expect(early).toMatchObject([{ state: "enroute", afterMs: "before_answer" }, { state: "delivered" }]);
  });

  test("several dialects are all drawn", () => {
    const plan = planWith({ receiptDialect: ["standard", "commas", "data_sm"] }, seededStream(5, "dialects"));
    const drawn = new Set(Array.from({ length: 100 }, () => plan("49").receipts[0]?.dialect));
    expect([...drawn].sort()).toEqual(["commas", "data_sm", "standard"]);
  });
});

describe("refusals", () => {
  test("rules refuse their share of what they mean", () => {
    const behaviour = { refuse: [{ toSuffix: "9", status: "0x45", share: 0.3 }] };
    expect(planWith(behaviour, fixed(0.2))("499").answer).toEqual({ refuse: 0x45 });
    expect(planWith(behaviour, fixed(0.4))("499").answer).toBe("accept");
    expect(planWith(behaviour, fixed(0.2))("498").answer).toBe("accept");
    const byPrefix = planWith({ refuse: [{ toPrefix: "+4917", from: "Shop", status: 0x0a }] });
    expect([byPrefix("491701").answer, byPrefix("441701").answer]).toEqual([{ refuse: 0x0a }, "accept"]);
    expect(byPrefix("491701", { from: "Bank" }).answer).toBe("accept");
  });

  test("a rule may refuse only what goes over its rate", () => {
    const plan = planWith({ refuse: [{ toPrefix: "49", status: 0x14, overPerSecond: 2 }] });
    const answers = [0, 1, 2].map((nowMs) => plan("4917", { nowMs }).answer);
    expect(answers).toEqual(["accept", "accept", { refuse: 0x14 }]);
    expect([plan("4417").answer, plan("4917", { nowMs: 1_000 }).answer]).toEqual(["accept", "accept"]);
  });

  test("the account's rate is counted by the second", () => {
    const plan = planWith({ throttlePerSecond: 2 });
    const answers = [0, 1, 999, 1_000].map((nowMs) => plan("4917", { nowMs }).answer);
    expect(answers).toEqual(["accept", "accept", { refuse: 0x58 }, "accept"]);
  });

  test("a recipient's queue is its own, and empties with time", () => {
    const plan = planWith({ recipientQueue: { messages: 1, seconds: 10 } });
    const answers = ["491", "491", "492", "491"].map((to, i) => plan(to, { nowMs: i * 4_000 }).answer);
    expect(answers).toEqual(["accept", { refuse: 0x14 }, "accept", "accept"]);
  });
});

test("the same submits with the same seed meet the same fate", () => {
  const behaviour: BehaviourInput = {
    respDelayMs: { kind: "lognormal", medianMs: 50, p99Ms: 400 },
    receiptDelayMs: { kind: "uniform", fromMs: 0, toMs: 5_000 },
    receipts: { delivered: 0.8, undelivered: 0.1, none: 0.1 },
    refuse: [{ status: 0x08, share: 0.1 }],
    noAnswerShare: 0.05,
    doubleReceipts: 0.2,
  };
  const run = (seed: number) => {
    const plan = planWith(behaviour, seededStream(seed, "submits"));
    return Array.from({ length: 500 }, (_, i) => plan(`4917${i}`));
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});
