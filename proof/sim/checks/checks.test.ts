// Every check is green on a history in which nothing is wrong, and red, alone or among others, on each planted fault.

import { describe, expect, test } from "bun:test";
import type { EventBatch } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { emptyMessageState, foldEvents } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import type { AttemptEnd, History, SubmitRecord } from "../history.ts";
import { checks } from "./index.ts";
import {
  accepted,
  atProvider,
  batch,
  billed,
  delivered,
  historyOf,
  id,
  innocent,
  innocentBatches,
  submit,
} from "./innocent-history.ts";
import { checkOrderFreeFold } from "./order-free-fold.ts";

const redOn = (history: History): readonly string[] =>
  checks.flatMap(({ name, check }) => (check(history).length > 0 ? [name] : []));

/** The innocent one with other batches, or with more of them at its end. */
const withBatches = (batches: readonly EventBatch[]): History => historyOf(batches);
const withMore = (...events: readonly MessageEvent[]): History =>
  historyOf([...innocentBatches, batch(innocentBatches.length + 1, events)]);
const without = (type: MessageEvent["type"]): History =>
  withBatches(innocentBatches.map((one) => ({ ...one, events: one.events.filter((event) => event.type !== type) })));
const withSubmits = (...submits: readonly SubmitRecord[]): History => ({ ...innocent, submits });
const answered = (...ends: readonly AttemptEnd[]): History => ({
  ...innocent,
  operations: innocent.operations.map((operation) => ({
    ...operation,
    attempts: ends.map((end, i) => ({ edge: "edge-1", at: 4_000 + i, endAt: 4_010 + i, end })),
  })),
});
const other = "syd1-01mcc5rpxvz0k13d7jfej58m68" as MessageId;
const foreign = "fra1-01mcc5rpxvz0k13d7jfej58m68" as MessageId;
const unkeyed = (history: History): History => ({
  ...history,
  operations: history.operations.map((operation) => ({ ...operation, key: undefined })),
});

const plants: Readonly<Record<string, readonly History[]>> = {
  "nothing-lost": [
    historyOf([], { submits: [], receipts: [] }),
    { ...innocent, waiting: ["syd1 inbox.bulk"] },
    answered({ type: "accepted", ids: [other], at: 1 }),
  ],
  "outcomes-have-causes": [
    { ...innocent, receipts: [] },
    { ...innocent, receipts: innocent.receipts.map((receipt) => ({ ...receipt, state: "undelivered" })) },
    withMore({ ...atProvider, type: "refused", at: 5, attempt: 1, status: 11 }),
    withMore({ ...atProvider, type: "unknown", at: 5, error: "" }),
    withMore({ type: "lapsed", message: id, at: 5, segments: [0] }),
    withMore({ type: "rejected", message: id, at: 5, reason: "opted_out", detail: "" }),
    withMore({ type: "rejected", message: id, at: 5, reason: "no_route", detail: "" }),
  ],
  "step-atomicity": [
    without("billed"),
    without("accepted"),
    { ...innocent, operations: [] },
    { ...innocent, observations: [{ at: 1, check: "step-atomicity", what: "it waits nowhere" }] },
    withSubmits({ ...submit, part: "something else" }),
    withSubmits(submit, { ...submit, message: other, result: "refused" }),
  ],
  "billed-once": [withMore(billed), withMore({ ...billed, at: 9 }), { ...innocent, prices: new Map() }],
  "append-only": [
    withBatches(innocentBatches.filter(({ sequence }) => sequence !== 2)),
    withBatches([...innocentBatches.slice(0, 3), { ...batch(4, []), kind: "closed" }, batch(5, [delivered])]),
    withMore({ ...accepted, message: foreign }),
    { ...innocent, observations: [{ at: 1, check: "append-only", what: "a batch has changed" }] },
    { ...innocent, report: { ...innocent.report, read: new Map([["someone:0000000001", "[]"]]) } },
  ],
  "reports-equal-fold": [
    { ...innocent, report: { ...innocent.report, states: new Map() } },
    { ...innocent, report: { ...innocent.report, rollups: new Map() } },
    { ...innocent, report: { ...innocent.report, states: historyOf(innocentBatches.slice(0, 3)).report.states } },
  ],
  "no-silent-double": [withSubmits(submit, submit), withSubmits({ ...submit, mark: "beyond" })],
  "inbound-durable": [
    without("delivered"),
    {
      ...innocent,
      replies: [{ at: 1, from: "+61410000001", to: "+61480000001", text: "yes", tries: 1, acknowledgedAt: 2 }],
    },
  ],
  "nobody-needs-another": [unkeyed(answered({ type: "unavailable", retryAfterMs: 1 }))],
  "one-key-one-message": [
    answered({ type: "accepted", ids: [id], at: 1 }, { type: "accepted", ids: [other], at: 1 }),
    withMore({ ...accepted, message: other }),
    answered({ type: "unavailable", retryAfterMs: 1 }),
  ],
  "opt-out-wins": [withSubmits({ ...submit, isOptedOut: true })],
  "receipts-kept": [
    without("delivered"),
    withBatches([...innocentBatches.slice(0, 3), batch(4, [{ ...delivered, message: other } as MessageEvent])]),
  ],
  "no-defects": [{ ...innocent, defects: ["a loop ended"] }],
};

test("an innocent history is found innocent", () => {
  expect(redOn(innocent)).toEqual([]);
});

describe.each(checks.map(({ name }) => name).filter((name) => name !== "order-free-fold"))("%s", (name) => {
  test.each((plants[name] ?? []).map((history, i) => [i + 1, history] as const))(
    "goes red on plant %i",
    (_, history) => {
      expect(redOn(history)).toContain(name);
    },
  );
  test("has a plant", () => {
    expect(plants[name]?.length ?? 0).toBeGreaterThan(0);
  });
});

test("order-free-fold goes red on a fold by which the last event wins", () => {
  const byArrival: typeof foldEvents = (events) => {
    const last = [...events].at(-1);
    return last === undefined ? emptyMessageState : foldEvents([last]);
  };
  expect(checkOrderFreeFold(innocent, byArrival)).not.toEqual([]);
});
