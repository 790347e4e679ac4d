import { describe, expect, test } from "bun:test";
import type { EventBatch } from "#core/store/store.ts";
import { loadMessage } from "../generator/load-message.ts";
import { addBatch, type MessageTally } from "./event-tally.ts";
import { reconcile } from "./reconcile.ts";

const CLEAN: MessageTally = { submits: 1, submittedAt: 1, receipts: 1, receiptAt: 2, inDoubt: 0, refusals: 0 };

/** Three messages that came through, and whatever a test plants. */
function world() {
  const indexes = [1, 2, 3];
  const accepted = indexes.map((index) => ({ index, id: `syd1-${index}`, dueAt: 0, sentAt: 0, answeredAt: 1 }));
  const submits = indexes.map((index) => ({ index, at: index * 10, text: loadMessage(index).text }));
  const tallies = new Map(accepted.map(({ id }) => [id, { ...CLEAN }]));
  return { accepted, submits, tallies, unanswered: 0 };
}

describe("reconcile()", () => {
  test("is content with one submit and one receipt each", () => {
    const { failures, submitAt } = reconcile(world());
    expect(failures).toEqual([]);
    expect(submitAt.get(2)).toBe(20);
  });

  const faults: Readonly<Record<string, (planted: ReturnType<typeof world>) => void>> = {
    "1 accepted messages never submitted": ({ submits }) => submits.pop(),
    "1 messages submitted more than once": ({ submits }) => submits.push(...submits.slice(0, 1)),
    "1 messages submitted with another text": ({ submits }) => submits.splice(0, 1, { index: 1, at: 1, text: "x" }),
    "1 messages submitted that nobody accepted": ({ submits }) =>
      submits.push({ index: 4, at: 1, text: loadMessage(4).text }),
    "1 accepted messages of which the log knows nothing": ({ tallies }) => tallies.delete("syd1-1"),
    "1 accepted messages without a submitted event": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, submits: 0 }),
    "1 messages with more than one submitted event": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, submits: 2 }),
    "1 accepted messages without a receipt event": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, receipts: 0 }),
    "1 messages with more than one receipt event": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, receipts: 2 }),
    "1 messages in doubt": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, inDoubt: 1 }),
    "1 accepted messages that were refused": ({ tallies }) => tallies.set("syd1-1", { ...CLEAN, refusals: 1 }),
    "1 messages with an id that another has": ({ accepted }) =>
      accepted.splice(2, 1, { index: 3, id: "syd1-1", dueAt: 0, sentAt: 0, answeredAt: 1 }),
  };
  for (const [fault, plant] of Object.entries(faults)) {
    test(`turns red on ${fault.slice(2)}`, () => {
      const planted = world();
      plant(planted);
      expect(reconcile(planted).failures).toEqual([expect.stringContaining(fault)]);
    });
  }

  test("a request that was never answered may have been accepted", () => {
    const planted = world();
    planted.submits.push({ index: 4, at: 1, text: loadMessage(4).text });
    expect(reconcile({ ...planted, unanswered: 1 }).failures).toEqual([]);
  });
});

test("addBatch() counts submits, receipts and doubts of each message", () => {
  const tallies = new Map<string, MessageTally>();
  const types = ["accepted", "routed", "submitted", "in_doubt", "delivered", "unknown", "refused"];
  const events = types.map((type) => ({ type, message: "syd1-1" }));
  addBatch(tallies, { writer: "w", sequence: 1, at: 7, kind: "events", events } as unknown as EventBatch);
  expect([...tallies]).toEqual([
    ["syd1-1", { submits: 1, submittedAt: 7, receipts: 2, receiptAt: 7, inDoubt: 1, refusals: 1 }],
  ]);
});
