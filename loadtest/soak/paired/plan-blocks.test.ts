import { expect, test } from "bun:test";
import { PAIRS_MAX, PAIRS_MIN } from "../verdict/paired-blocks.ts";
import { PAIRED_MS_MIN, planBlocks } from "./plan-blocks.ts";

for (const minutes of [6, 10, 30, 240]) {
  test(`in ${minutes} minutes one side is loaded at a time, A B B A, each as often as the other`, () => {
    const { phases, order, blockMs } = planBlocks({ durationMs: minutes * 60_000, messagesPerSecond: 100 });
    const [base, candidate] = [phases.base.slice(0, -1), phases.candidate.slice(0, -1)];
    for (const [i, phase] of base.entries()) {
      expect([phase.startMs, phase.durationMs]).toEqual([i * blockMs, blockMs]);
      expect(phase.messagesPerSecond + (candidate[i]?.messagesPerSecond ?? 0)).toBe(100);
    }
    const counted = base.flatMap(({ kind }, i) =>
      kind === "steady" ? ["base"] : candidate[i]?.kind === "steady" ? ["candidate"] : [],
    );
    expect(counted).toEqual([...order]);
    expect(order.slice(0, 4)).toEqual(["candidate", "base", "base", "candidate"]);
    expect(order.length / 2).toBeGreaterThanOrEqual(PAIRS_MIN);
    expect(order.length / 2).toBeLessThanOrEqual(PAIRS_MAX);
    expect(base.length * blockMs).toBeLessThanOrEqual(minutes * 60_000);
  });
}

test("less than what five pairs take is refused", () => {
  expect(() => planBlocks({ durationMs: PAIRED_MS_MIN - 1, messagesPerSecond: 1 })).toThrow(RangeError);
});
