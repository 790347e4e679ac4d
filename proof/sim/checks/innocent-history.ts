/** A small history in which nothing is wrong, for the tests of the checks: each plants one fault into it. */

import { allotmentId } from "#core/store/charge.ts";
import { batchId } from "#core/store/mongo/documents.ts";
import type { EventBatch } from "#core/store/store.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { foldEvents } from "#domain/fold.ts";
import type { AccountId, MessageId, ProviderId, SetId, WriterId } from "#domain/ids.ts";
import type { MicrosText } from "#domain/money.ts";
import type { History, ReceiptRecord, SetRecord, SubmitRecord } from "../history.ts";
import { EPOCH_MS } from "../sim-process.ts";

const syd = "syd1" as SetId;
export const id = "syd1-01mcc5rpxvz0k13d7jfej58m67" as MessageId;
const account = "acme" as AccountId;
const provider = "sim" as ProviderId;
const [to, from, text] = ["+61410000001" as E164, "+61480000001" as Sender, "w1x hello"];
const writer = "01mcc5rnaaaaaaaaaaaaaaaaaa" as WriterId;

export const accepted: EventOf<"accepted"> = {
  type: "accepted",
  message: id,
  at: 1,
  account,
  to,
  from,
  text,
  class: "bulk",
  encoding: "gsm7",
  segments: 1,
};
const routed: MessageEvent = { type: "routed", message: id, at: 2, attempt: 1, provider, prefix: "+", candidates: [] };
const price = { prefix: "+", segments: 1, priceMicros: "45000" as MicrosText, totalMicros: "45000" as MicrosText };
export const billed: MessageEvent = { type: "billed", message: id, at: 2, account, ...price, currency: "EUR" };
export const atProvider = { message: id, segment: 0, provider, providerMessageId: "p1" };
const submitted: MessageEvent = { ...atProvider, type: "submitted", at: 3, attempt: 1 };
export const delivered: MessageEvent = { ...atProvider, type: "delivered", at: EPOCH_MS + 4_080, error: "" };

export const batch = (sequence: number, events: readonly MessageEvent[]): EventBatch => ({
  writer,
  sequence,
  at: sequence,
  kind: "events",
  events,
});

export const submit: SubmitRecord = {
  at: 4_050,
  clockAt: 3,
  connector: "connector-1.1",
  message: id,
  segment: 0,
  to,
  from,
  part: text,
  mark: "below",
  lease: "held",
  resends: 0,
  isOptedOut: false,
  result: "accepted",
  answerMs: 20,
  providerMessageId: "p1",
};

const receipt: ReceiptRecord = {
  ...atProvider,
  at: 4_070,
  state: "delivered",
  tries: 1,
  acknowledgedAt: 4_090,
};

const innocentMoney: SetRecord["money"] = new Map([[allotmentId(account, 0), 55_000n]]);

const innocentDirectory: SetRecord["directory"] = {
  changes: [
    { id: "c1", writes: [{ key: "routes", before: null, after: "[]" }] },
    { id: "c2", writes: [{ key: "routes", before: "[]", after: "[1]" }] },
  ],
  records: new Map([["routes", "[1]"]]),
};

/** With these batches on its one set, and reports that are made of them. */
export function historyOf(batches: readonly EventBatch[], over: Partial<History> = {}): History {
  const set: SetRecord = {
    set: syd,
    batches,
    chunks: [],
    optOuts: new Set(),
    money: innocentMoney,
    directory: innocentDirectory,
  };
  const events = batches.flatMap((one) => one.events);
  const states = new Map(
    [...Map.groupBy(events, ({ message }) => message)].map(([message, some]) => [message, foldEvents(some)] as const),
  );
  return {
    operations: [
      {
        name: "w1x",
        submission: { account, class: "bulk", from, to: [to], text, encoding: "gsm7", segments: 1 },
        key: "key-1",
        attempts: [{ edge: "edge-1", at: 4_000, endAt: 4_010, end: { type: "accepted", ids: [id], at: 1 } }],
      },
    ],
    routedAt: new Map([[id, 4_020]]),
    submits: [submit],
    onLanes: new Map([[`${id}/0`, { deliveries: 1, isMarked: true }]]),
    receipts: [receipt],
    replies: [],
    optOuts: [],
    directoryChanges: ["c1"],
    drained: [],
    faults: [],
    observations: [],
    sets: [set],
    report: {
      states,
      rollups: new Map([["syd1|0|acme|bulk|sim|delivered|EUR", 1]]),
      read: new Map(batches.map((one) => [batchId(one.writer, one.sequence), JSON.stringify(one.events)])),
    },
    prices: new Map([[account, 45_000n]]),
    paid: new Map([[account, { micros: 100_000n, isTight: false }]]),
    waiting: [],
    defects: [],
    ...over,
  };
}

export const innocentBatches: readonly EventBatch[] = [
  batch(1, [accepted]),
  batch(2, [routed, billed]),
  batch(3, [submitted]),
  batch(4, [delivered]),
];
export const innocent: History = historyOf(innocentBatches);
