// Every check is green on a history in which nothing is wrong, and red, alone or among others, on each planted fault.

import { describe, expect, test } from "bun:test";
import { allotmentId } from "#core/store/charge.ts";
import type { EventBatch } from "#core/store/store.ts";
import type { E164 } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { emptyMessageState, foldEvents } from "#domain/fold.ts";
import type { AccountId, MessageId, ProviderId, SetId } from "#domain/ids.ts";
import type { AttemptEnd, History, ReplyRecord, SetRecord, SubmitRecord } from "../history.ts";
import type { AppliedFault } from "../nemesis/fault-table.ts";
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

/** With so much on the parts of its one account's money. */
const withMoney = (...parts: readonly (readonly [string, bigint])[]): History => {
  const money = new Map(parts.map(([part, micros]) => [allotmentId("acme" as AccountId, part), micros]));
  return { ...innocent, sets: innocent.sets.map((set) => ({ ...set, money })) };
};

/** Its one set has another copy of the directory. */
const withDirectory = (over: Partial<SetRecord["directory"]>): History => {
  return { ...innocent, sets: innocent.sets.map((set) => ({ ...set, directory: { ...set.directory, ...over } })) };
};

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

/** Another content under the same key of the same account, with this answer. */
const sharing = (end: AttemptEnd): History => ({
  ...innocent,
  operations: innocent.operations.flatMap((operation) => [
    operation,
    {
      ...operation,
      name: "w2x",
      submission: { ...operation.submission, text: "w2x other" },
      attempts: [{ edge: "edge-2", at: 4_020, endAt: 4_030, end }],
    },
  ]),
});

/** After the message was accepted, and its customer told. */
const reply: ReplyRecord = {
  at: 4_500,
  from: accepted.to,
  to: accepted.from,
  text: "yes",
  tries: 1,
  acknowledgedAt: 4_600,
};
const repliedTo = (over: Partial<EventOf<"replied">>): MessageEvent => ({
  type: "replied",
  message: id,
  at: 5,
  reply: "r1",
  provider: "sim" as ProviderId,
  from: reply.from,
  to: reply.to,
  text: reply.text,
  part: 1,
  parts: 1,
  ...over,
});
/** To the same handset, and its customer was told of it at the same time. */
const newer: MessageEvent = { ...accepted, message: other, at: 2 };
const replied = (replies: readonly ReplyRecord[], ...events: readonly MessageEvent[]): History => ({
  ...answered({ type: "accepted", ids: [id, other], at: 1 }),
  sets: withMore(...events).sets,
  replies,
});
const withOptOut = (history: History): History => ({
  ...history,
  sets: history.sets.map((set) => ({ ...set, optOuts: new Set([`acme|${reply.from}`]) })),
});
const away = (set: SetId): AppliedFault => ({
  fault: { at: 3_900, kind: "elect", set, how: "killed", awayMs: 6_000, survives: 0 },
  happened: true,
  detail: "",
});
const paused = (process: string): AppliedFault => ({
  fault: { at: 3_900, kind: "pause", process, ms: 16_000 },
  happened: true,
  detail: "",
});

/** Of a bulk message whose account wants it sent again, taken over once. */
const doubt: EventOf<"in_doubt"> = {
  type: "in_doubt",
  message: id,
  at: 3,
  segment: 0,
  attempt: 1,
  provider: "sim" as ProviderId,
  reason: "takeover",
  policy: "resend",
};
const inDoubt = (doubts: readonly EventOf<"in_doubt">[], over: Partial<History> = {}): History => ({
  ...withMore(...doubts),
  onLanes: new Map([[`${id}/0`, { deliveries: 2, isMarked: true }]]),
  ...over,
});
const jumped: AppliedFault = {
  fault: { at: 3_900, kind: "jump_set", set: "syd1" as SetId, byMs: 5_000 },
  happened: true,
  detail: "",
};

const plants: Readonly<Record<string, readonly History[]>> = {
  "nothing-lost": [
    historyOf([], { submits: [], receipts: [] }),
    { ...innocent, waiting: ["syd1 inbox.bulk"] },
    answered({ type: "accepted", ids: [other], at: 1 }),
  ],
  "outcomes-have-causes": [
    { ...innocent, receipts: [] },
    withSubmits({ ...submit, result: "dropped" }),
    withSubmits({ ...submit, providerMessageId: "p2" }),
    withMore({ ...atProvider, type: "submitted", at: 5, attempt: 1 }),
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
  "billed-once": [
    withMore(billed),
    withMore({ ...billed, at: 9 }),
    { ...innocent, prices: new Map() },
    withMoney(["0", 54_999n]),
    withMoney(["0", 55_000n], ["from fra1", 1n]),
    withMoney(["0", 55_001n], ["1", -1n]),
    withMoney(["0", 54_999n], ["kept", 1n], ["lent", 1n]),
    withMoney(["0", 55_001n], ["from syd1", 1n]),
  ],
  "directory-agrees": [
    { ...innocent, directoryChanges: ["c1", "c3"] },
    withDirectory({ records: new Map() }),
    withDirectory({ records: new Map([["routes", "[]"]]) }),
    { ...innocent, sets: [...innocent.sets, ...withDirectory({ changes: [] }).sets] },
  ],
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
  "no-silent-double": [
    withSubmits({ ...submit, mark: "beyond" }),
    withSubmits(submit, submit),
    // Said of the time before, and not of this one.
    withSubmits(submit, { ...submit, resends: 1 }, { ...submit, resends: 1 }),
    // What never came may come yet, for all its writer knows.
    withSubmits({ ...submit, result: "dropped" }, submit),
  ],
  "one-holder": [
    withSubmits({ ...submit, lease: "lost" }),
    { ...withSubmits({ ...submit, lease: "lost", at: 20_000 }), faults: [jumped] },
  ],
  "doubts-have-causes": [
    withMore(doubt),
    inDoubt([doubt], { onLanes: new Map([[`${id}/0`, { deliveries: 2, isMarked: false }]]) }),
    inDoubt([{ ...doubt, reason: "response_timeout" }]),
    inDoubt([{ ...doubt, reason: "link_lost" }], { submits: [{ ...submit, unanswered: "response_timeout" }] }),
    inDoubt([{ ...doubt, policy: "keep" }]),
    historyOf([
      batch(1, [{ ...accepted, class: "alert" }]),
      ...innocentBatches.slice(1),
      batch(5, [{ ...doubt, policy: "keep" }]),
    ]),
    inDoubt(Array.from({ length: 10 }, () => doubt)),
  ],
  "inbound-durable": [
    without("delivered"),
    // Of the same id, and of yesterday.
    withBatches([...innocentBatches.slice(0, 3), batch(4, [{ ...delivered, at: delivered.at - 86_400_000 }])]),
    { ...innocent, replies: [reply] },
    { ...innocent, observations: [{ at: 1, check: "inbound-durable", what: "no majority had it" }] },
  ],
  "nobody-needs-another": [
    unkeyed(answered({ type: "unavailable", retryAfterMs: 1 })),
    { ...innocent, routedAt: new Map([[id, 9_000]]) },
    { ...innocent, submits: [{ ...submit, at: 12_000 }] },
    // One of two workers is paused, and the other needs more than a lease for what it left.
    { ...innocent, routedAt: new Map([[id, 30_000]]), faults: [paused("worker-1")] },
    // The other set is away, and both workers with it.
    { ...innocent, routedAt: new Map([[id, 9_000]]), faults: [away("fra1" as SetId)] },
  ],
  "one-key-one-message": [
    answered({ type: "accepted", ids: [id], at: 1 }, { type: "accepted", ids: [other], at: 1 }),
    withMore({ ...accepted, message: other }),
    answered({ type: "unavailable", retryAfterMs: 1 }),
    answered({ type: "lost" }, { type: "key_reused" }),
    sharing({ type: "accepted", ids: [id], at: 1, replayed: true }),
    historyOf([], { operations: sharing({ type: "key_reused" }).operations }),
    { ...sharing({ type: "lost" }), sets: withMore({ ...accepted, message: other, text: "w2x other" }).sets },
  ],
  "opt-out-wins": [
    withSubmits({ ...submit, isOptedOut: true }),
    { ...innocent, optOuts: [{ pair: "acme|+61410000001", at: 3_000 }] },
    { ...replied([{ ...reply, text: "STOP" }], repliedTo({ text: "STOP" })) },
    withOptOut({ ...replied([{ ...reply, text: "START" }], repliedTo({ text: "START" })) }),
  ],
  "receipts-kept": [
    without("delivered"),
    withBatches([...innocentBatches.slice(0, 3), batch(4, [{ ...delivered, message: other } as MessageEvent])]),
    withMore({ ...delivered, message: other } as MessageEvent),
  ],
  "replies-find-their-message": [
    { ...innocent, replies: [reply] },
    replied([reply], repliedTo({}), repliedTo({ reply: "r2" })),
    replied([{ ...reply, reference: 7 }], repliedTo({ reply: "8.2.0" })),
    replied([reply], { ...accepted, message: other, to: "+61410000009" as E164 }, repliedTo({ message: other })),
    replied([reply], newer, repliedTo({})),
  ],
  "expired-stays-unsent": [{ ...historyOf([batch(1, [{ ...accepted, expireAt: 3 }]), ...innocentBatches.slice(1)]) }],
  "no-defects": [{ ...innocent, defects: ["a loop ended"] }],
};

test("an innocent history is found innocent", () => {
  expect(redOn(innocent)).toEqual([]);
});

test.each([
  ["a reply to its message", replied([reply], repliedTo({}))],
  [
    "a reply that came twice and is said twice",
    replied([{ ...reply, tries: 2 }], repliedTo({}), repliedTo({ reply: "r2" })),
  ],
  ["a reply that was relayed twice", replied([reply], repliedTo({}), repliedTo({}))],
  ["a STOP that every set holds", withOptOut(replied([{ ...reply, text: "STOP" }], repliedTo({ text: "STOP" })))],
  [
    "a late route on a set that was away itself",
    { ...innocent, routedAt: new Map([[id, 9_000]]), faults: [away("syd1" as SetId)] },
  ],
  [
    "a late route of what a paused worker held",
    { ...innocent, routedAt: new Map([[id, 20_000]]), faults: [paused("worker-1")] },
  ],
  ["a segment that was taken over and sent again", inDoubt([doubt], { submits: [submit, { ...submit, resends: 1 }] })],
  ["one that was refused before", withSubmits({ ...submit, result: "refused" }, submit)],
  ["one kept after its last doubt", inDoubt([doubt, doubt, doubt, { ...doubt, policy: "keep" }])],
  [
    "a lease that ended early as the set's clock jumped",
    { ...withSubmits({ ...submit, lease: "lost" }), faults: [jumped] },
  ],
  ["a key that is taken and came with another content", sharing({ type: "key_reused" })],
] as const)("%s is innocent", (_, history) => {
  const about = [
    "no-silent-double",
    "one-holder",
    "doubts-have-causes",
    "one-key-one-message",
    "opt-out-wins",
    "replies-find-their-message",
    "nobody-needs-another",
    "inbound-durable",
  ];
  expect(redOn(history).filter((name) => about.includes(name))).toEqual([]);
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
