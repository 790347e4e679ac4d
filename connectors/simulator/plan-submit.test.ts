import { describe, expect, test } from "bun:test";
import type { Random } from "#domain/random.ts";
import { type BehaviourInput, behaviourSchema } from "./behaviour.ts";
import { createSubmitPlanner } from "./plan-submit.ts";

/** Chance that always says `fraction`. */
const fixed = (fraction: number): Random => ({ bytes: (count) => new Uint8Array(count), fraction: () => fraction });

function planWith(behaviour: BehaviourInput, random = fixed(0.5)) {
  const parsed = behaviourSchema.parse(behaviour);
  const planner = createSubmitPlanner(random);
  return (to: string, text = "hi", nowMs = 0) => planner.plan({ to, text: () => text }, parsed, nowMs);
}

describe("plan()", () => {
  test("a plain submit is accepted and delivered", () => {
    expect(planWith({})("4917012345678")).toEqual({
      answer: "accept",
      receipt: "delivered",
      garbage: false,
      replies: [],
    });
    expect(planWith({ receipts: "none" })("4917012345678").receipt).toBeUndefined();
  });

  test("magic suffixes work, and can be turned off", () => {
    const plan = planWith({});
    expect([plan("490001").receipt, plan("490002").receipt]).toEqual(["undelivered", "expired"]);
    expect(plan("490003").answer).toEqual({ refuse: 0x0b });
    expect(plan("490058").answer).toEqual({ refuse: 0x58 });
    expect(plan("490058").answer).toBe("accept");
    expect(planWith({ magicSuffixes: false })("490003").answer).toBe("accept");
  });

  test("rules refuse their share", () => {
    const behaviour = { refuse: [{ toSuffix: "9", status: 0x45, share: 0.3 }] };
    expect(planWith(behaviour, fixed(0.2))("499").answer).toEqual({ refuse: 0x45 });
    expect(planWith(behaviour, fixed(0.4))("499").answer).toBe("accept");
    expect(planWith(behaviour, fixed(0.2))("498").answer).toBe("accept");
  });

  test("the rate is counted by the second", () => {
    const plan = planWith({ throttlePerSecond: 2 });
    const answers = [0, 1, 999, 1_000].map((nowMs) => plan("4917", "", nowMs).answer);
    expect(answers).toEqual(["accept", "accept", { refuse: 0x58 }, "accept"]);
  });

  test("links drop and garbage comes at every n-th submit, some stay unanswered", () => {
    const drop = planWith({ dropLinkEvery: 2 });
    expect([drop("49").answer, drop("49").answer]).toEqual(["accept", "drop"]);
    const garbage = planWith({ garbageEvery: 2 });
    expect([garbage("49").garbage, garbage("49").garbage]).toEqual([false, true]);
    expect(planWith({ noAnswerShare: 0.6 })("49").answer).toBe("silent");
  });

  test("every auto-reply that fits is sent", () => {
    const plan = planWith({
      autoReply: [
        { textContains: "code", text: "STOP" },
        { toSuffix: "7", text: "hello" },
      ],
    });
    expect(plan("497", "your code").replies).toEqual(["STOP", "hello"]);
    expect(plan("498", "nothing").replies).toEqual([]);
  });
});
