/** The checker is itself checked: every kind of fault, planted in sound evidence, turns it red. */
import { expect, test } from "bun:test";
import type { MessageEvent } from "#domain/event.ts";
import { audit, type Evidence } from "./audit.ts";

const message = { id: "syd1-a", to: "+61400000100", from: "x", text: "onetwo", class: "bulk", segments: 2 } as const;

function event(fields: object): MessageEvent {
  return { message: message.id, at: 1, provider: "sim", attempt: 1, ...fields } as unknown as MessageEvent;
}
const lines = [
  event({ type: "accepted", segments: 2 }),
  event({ type: "routed" }),
  event({ type: "billed" }),
  ...[0, 1].map((segment) => event({ type: "submitted", segment, providerMessageId: `p${segment}` })),
  ...[0, 1].map((segment) => event({ type: "delivered", segment, providerMessageId: `p${segment}`, error: "" })),
];
const submits = [
  { to: "61400000100", text: "one", status: 0, concat: { index: 1, total: 2 } },
  { to: "61400000100", text: "two", status: 0, concat: { index: 2, total: 2 } },
];
const sound: Evidence = {
  acknowledged: [message],
  uncertain: [],
  submits,
  events: new Map([[message.id, lines]]),
};
const without = (type: string) => new Map([[message.id, lines.filter((one) => one.type !== type)]]);

test("sound evidence has no problems", () => {
  expect(audit(sound)).toEqual([]);
});

test.each([
  ["a lost message", { events: new Map() }, "0 events 'accepted'"],
  ["no route", { events: without("routed") }, "0 events 'routed'"],
  ["charged twice", { events: new Map([[message.id, [...lines, event({ type: "billed" })]]]) }, "2 events 'billed'"],
  ["a submit that nobody wrote down", { events: without("submitted") }, "is not 'submitted'"],
  ["a lost receipt", { events: without("delivered") }, "ends as 'submitted'"],
  ["a segment that never went out", { submits: submits.slice(0, 1) }, "never reached the provider"],
  ["a silent double", { submits: [...submits, submits[0]] }, "2 times with 0 doubts"],
  ["another text", { submits: submits.map((one) => ({ ...one, text: "x" })) }, "another text"],
  ["a submit out of nothing", { submits: [...submits, { ...submits[0], to: "61499999999" }] }, "never sent by anybody"],
  ["one id for two messages", { acknowledged: [message, message] }, "acknowledged twice"],
])("%s is found", (_, fault, problem) => {
  expect(audit({ ...sound, ...(fault as Partial<Evidence>) }).join("\n")).toContain(problem);
});

test("a double with a doubt on record is no problem: it may have happened, and the log says so", () => {
  const doubted = new Map([[message.id, [...lines, event({ type: "in_doubt", segment: 0, reason: "takeover" })]]]);
  expect(audit({ ...sound, submits: [...submits, ...submits.slice(0, 1)], events: doubted })).toEqual([]);
});
