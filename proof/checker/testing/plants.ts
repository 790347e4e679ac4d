/** Planted faults: each a change to a right run, and the checks that must turn red by it, no other. */
import type { EventBatch } from "#core/store/store.ts";
import type { EventType, MessageEvent } from "#domain/event.ts";
import { applyEvent } from "#domain/fold.ts";
import type { MessageId, WriterId } from "#domain/ids.ts";
import type { Apply } from "../fold-message.ts";
import { inTheMoney, rightMoney } from "./money-plants.ts";
import { CANARIES, lifeOf, OUR_NUMBER, START } from "./sample-life.ts";
import type { SampleRun } from "./sample-run.ts";

export interface Plant {
  readonly name: string;
  readonly red: readonly string[];
  readonly run?: Partial<SampleRun>;
  /** What the reports were filled from: the planted log, or the one without the plant. */
  readonly reported: "as planted" | "as right";
  /** A statement on the reports. */
  readonly reports?: string;
  readonly apply?: Apply;
}

/** One of account zeta, one segment, sent once, of set lon1; and one of two segments. */
const VICTIM = 7;
const LONG = 10;
const id = (number: number): MessageId => lifeOf("lon1", number).id;
const recipient = (number: number): string => (lifeOf("lon1", number).client[0] as { to: string[] }).to[0] ?? "";

type Line = Readonly<Record<string, unknown>>;
const isOf = (line: object, number: number): boolean => (line as Line).op === number;
const isTo = (line: object, number: number, type: string): boolean =>
  (line as Line).to === recipient(number) && (line as Line).type === type;

/** Changes the events of `type` of one message, and leaves the hashes that were recorded as they are. */
function events(
  number: number,
  type: EventType,
  change: (event: MessageEvent) => readonly object[],
): Pick<SampleRun, "batch"> {
  const isMeant = (event: MessageEvent): boolean => event.message === id(number) && event.type === type;
  return {
    batch: (_, batch) => [
      {
        ...batch,
        events: batch.events.flatMap((event) => (isMeant(event) ? change(event) : [event])) as MessageEvent[],
      },
    ],
  };
}
const dropped = (): readonly object[] => [];
const client = (change: (line: Line) => readonly object[]): Pick<SampleRun, "client"> => ({
  client: (line) => change(line as Line),
});
const extraClient = (...lines: readonly object[]): Pick<SampleRun, "client"> => ({
  client: (line) => (isOf(line, 0) && (line as Line).type === "invoke" ? [...lines, line] : [line]),
});
const provider = (
  number: number,
  type: string,
  change: (line: object) => readonly object[],
): Pick<SampleRun, "provider"> => ({
  provider: (line) => (isTo(line, number, type) ? change(line) : [line]),
});
const batchAt = (
  sequence: number,
  writer: string,
  change: (batch: EventBatch) => readonly EventBatch[],
): Pick<SampleRun, "batch"> => ({
  batch: (set, batch) =>
    set === "lon1" && batch.sequence === sequence && batch.writer.endsWith(writer) ? change(batch) : [batch],
});

/** The same request once more, answered with `other`. */
const again = (line: Line, other: MessageId): object => {
  return { ...line, process: "again", ...(line.type === "ok" ? { ids: [other] } : {}) };
};
/** The first try of a keyed send, answered with ids of its own that may have come to nothing. */
const triedBefore = client((line) => {
  if (!isOf(line, 2)) return [line];
  const first = again(line, id(900));
  return [line.type === "ok" ? { ...first, type: "info", status: 503 } : first, line];
});
/** A batch of a writer of its own, so that no batch that was recorded is another. */
function appended(own: readonly MessageEvent[], message: MessageId): EventBatch {
  const events = own.map((event) => ({ ...event, message }));
  return { writer: "lon1w5again" as WriterId, sequence: 1, at: START, kind: "events", events };
}

const asked = { process: "extra", f: "send", account: "zeta", key: null, class: "transactional", from: OUR_NUMBER };
const optedOut = {
  process: "handset",
  op: 1,
  f: "opt_out",
  account: "zeta",
  number: OUR_NUMBER,
  handset: recipient(VICTIM),
};

/** The log is another than was recorded: that is always seen too. */
const inTheLog: readonly Plant[] = [
  { name: "a forward that was lost", red: ["unfinished"], run: notSent(), reported: "as planted" },
  {
    name: "a step of which only a part is there",
    red: ["whole-steps", "billed-once"],
    run: events(VICTIM, "billed", dropped),
    reported: "as planted",
  },
  {
    name: "a result without its route",
    red: ["whole-steps"],
    run: events(VICTIM, "submitted", (event) => [{ ...event, attempt: 2 }]),
    reported: "as planted",
  },
  {
    name: "charged twice",
    red: ["billed-once"],
    run: events(VICTIM, "billed", (event) => [event, event]),
    reported: "as planted",
  },
  {
    name: "charged too much",
    red: ["billed-once"],
    run: events(LONG, "billed", (event) => [{ ...event, totalMicros: "45000" }]),
    reported: "as planted",
  },
  {
    name: "a submit that the provider never saw",
    red: ["submitted-seen"],
    run: events(VICTIM, "submitted", (event) => [event, { ...event, providerMessageId: "other" }]),
    reported: "as planted",
  },
  {
    name: "a receipt that was acknowledged and lost",
    red: ["receipts-kept"],
    run: events(VICTIM, "delivered", (event) => [{ ...event, type: "undelivered" }]),
    reported: "as planted",
  },
  {
    name: "a reply that was acknowledged and lost",
    red: ["replies-kept"],
    run: events(100, "replied", dropped),
    reported: "as planted",
  },
].map((plant) => ({ ...plant, red: [...plant.red, "unchanged"] }) as Plant);

/** Routed and billed, and then nothing: its chunk vanished before it was submitted. */
function notSent(): Partial<SampleRun> {
  const isAfter = (event: MessageEvent): boolean =>
    event.message === id(VICTIM) && (event.type === "submitted" || event.type === "delivered");
  return {
    batch: (_, batch) => [{ ...batch, events: batch.events.filter((event) => !isAfter(event)) }],
    provider: (line) => ((line as Line).to === recipient(VICTIM) ? [] : [line]),
  };
}

const inTheHistory: readonly Plant[] = [
  {
    name: "an acknowledged message that no log has",
    red: ["lost"],
    run: extraClient(
      { at: 1, op: 9_001, ...asked, type: "invoke", to: ["+61499999999"], text: "x" },
      {
        at: 2,
        process: "extra",
        op: 9_001,
        type: "ok",
        f: "send",
        status: 202,
        ids: ["lon1-01kjm999999999999999999999"],
      },
    ),
    reported: "as right",
  },
  {
    name: "a message that nobody asked for",
    red: ["out-of-nothing"],
    run: client((line) => (isOf(line, VICTIM) ? [] : [line])),
    reported: "as right",
  },
  {
    name: "a refused request that made a message",
    red: ["out-of-nothing"],
    run: client((line) =>
      isOf(line, VICTIM) && line.type === "ok"
        ? [{ ...line, type: "fail", status: 503, code: "overloaded", ids: undefined }]
        : [line],
    ),
    reported: "as right",
  },
  {
    name: "another sender than asked for",
    red: ["as-asked"],
    run: client((line) => (isOf(line, VICTIM) && line.type === "invoke" ? [{ ...line, from: "GODWIT" }] : [line])),
    reported: "as right",
  },
  {
    name: "a submit to nobody",
    red: ["submitted-from-nothing"],
    run: provider(VICTIM, "submit", (line) => [line, { ...line, to: "+61488888888" }]),
    reported: "as right",
  },
  {
    name: "a submit twice without a doubt",
    red: ["silent-double"],
    run: provider(VICTIM, "submit", (line) => [line, { ...line, providerMessageId: "again" }]),
    reported: "as right",
  },
  {
    name: "another text on the air",
    red: ["submitted-as-written"],
    run: provider(VICTIM, "submit", (line) => [{ ...line, text: "hello" }]),
    reported: "as right",
  },
  {
    name: "another account's text in an answer",
    red: ["own-tenant"],
    run: extraClient(
      { at: 1, process: "extra", op: 9_002, type: "invoke", f: "status", account: "acme", id: id(2) },
      {
        at: 2,
        process: "extra",
        op: 9_002,
        type: "ok",
        status: 200,
        state: "delivered",
        body: `{"text":"${CANARIES.zeta} 7"}`,
      },
    ),
    reported: "as right",
  },
  {
    name: "another account's message in an answer",
    red: ["own-tenant"],
    run: extraClient(
      { at: 1, process: "extra", op: 9_003, type: "invoke", f: "status", account: "acme", id: id(VICTIM) },
      { at: 2, process: "extra", op: 9_003, type: "ok", status: 200, state: "delivered", body: "{}" },
    ),
    reported: "as right",
  },
  {
    name: "one key that made two messages",
    red: ["one-key"],
    run: {
      ...client((line) => (isOf(line, 2) ? [line, again(line, id(900))] : [line])),
      ...batchAt(1, "w4receive", (batch) => [batch, appended(lifeOf("lon1", 2).events.flat(), id(900))]),
    },
    reported: "as planted",
  },
  {
    name: "one key that made two messages, of the first of which nobody was sure",
    red: ["one-key"],
    run: {
      ...triedBefore,
      ...batchAt(1, "w4receive", (batch) => [batch, appended(lifeOf("lon1", 2).events.flat(), id(900))]),
    },
    reported: "as planted",
  },
  {
    name: "a send after an acknowledged opt-out",
    red: ["opt-out"],
    run: extraClient(
      { at: START - 200, ...optedOut, type: "invoke", word: "STOP" },
      { at: START - 100, ...optedOut, type: "ok" },
    ),
    reported: "as right",
  },
  {
    name: "nothing acknowledged during a fault",
    red: ["goes-on"],
    run: client((line) => (line.type === "ok" ? [{ ...line, at: START + 100_000 }] : [line])),
    reported: "as right",
  },
  {
    name: "a batch that was not there any more",
    red: ["unchanged"],
    run: { recorded: [{ at: START, set: "lon1", writer: "lon1w4receive", sequence: 3, hash: "x" }] },
    reported: "as right",
  },
  {
    name: "a batch that was altered",
    red: ["unchanged"],
    run: batchAt(1, "w1accept", (batch) => [{ ...batch, at: batch.at + 1 }]),
    reported: "as planted",
  },
];

const inTheSets: readonly Plant[] = [
  {
    name: "a number that a writer skipped",
    red: ["gapless", "reports-complete"],
    run: batchAt(2, "w4receive", (batch) => [batch, { ...batch, sequence: 4, kind: "void", events: [] }]),
    reported: "as right",
  },
  {
    name: "a batch after the end of its writer",
    red: ["gapless", "reports-complete"],
    run: batchAt(2, "w4receive", (batch) => [
      batch,
      { ...batch, sequence: 3, kind: "closed", events: [] },
      { ...batch, sequence: 4, kind: "void", events: [] },
    ]),
    reported: "as right",
  },
  {
    name: "an event on another set",
    red: ["own-set"],
    run: {
      batch: (set, batch) => {
        if (set !== "syd1" || batch.sequence !== 1 || !batch.writer.endsWith("w4receive")) return [batch];
        const own = lifeOf("lon1", VICTIM).events[3] ?? [];
        return [batch, { ...batch, writer: "syd1w5relay" as WriterId, events: own }];
      },
    },
    reported: "as planted",
  },
  {
    name: "a chunk that is left",
    red: ["nothing-left"],
    run: { depth: new Map([["submit.telia.bulk", { chunks: 1, items: 3, oldestMs: 5 }]]) },
    reported: "as right",
  },
  {
    name: "a fold that goes by the order",
    red: ["order-free"],
    reported: "as right",
    apply: (state, event) => ({ ...applyEvent(state, event), requeued: [event.type] }),
  },
];

const inTheReports: readonly Plant[] = [
  ["a message with another status", `UPDATE godwit.message SET status = 'unknown' WHERE id = '${id(VICTIM)}'`],
  ["an event that is missing", `DELETE FROM godwit.event WHERE message_id = '${id(VICTIM)}' AND type = 'delivered'`],
  ["a segment with another time", `UPDATE godwit.segment SET outcome_at = now() WHERE message_id = '${id(VICTIM)}'`],
  ["a reply that nobody sent", `INSERT INTO godwit.reply VALUES ('${id(VICTIM)}', 'r', now(), '+1', '+2', 'x', 1, 1)`],
  ["a rollup that counts twice", "UPDATE godwit.rollup_minute SET messages = messages + 1"],
  [
    "a message that no log has",
    "UPDATE godwit.message SET id = 'zzz9-01kjm000000000000000000001' WHERE id = (SELECT max(id) FROM godwit.message)",
  ],
].map(
  ([name, reports]) => ({ name: `reports: ${name}`, red: ["reports-equal"], reported: "as right", reports }) as Plant,
);

const unread: Plant = {
  name: "reports: a batch that is not read",
  red: ["reports-complete"],
  run: batchAt(2, "w4receive", (batch) => [batch, { ...batch, sequence: 3, kind: "void", events: [] }]),
  reported: "as right",
};

/** What looks wrong and is not. */
export const innocents: readonly (readonly [string, Partial<SampleRun>])[] = [
  ["money that was paid in, and carried to another set", rightMoney],
  [
    "an opt-out between the request and the submit",
    extraClient(
      { at: START, ...optedOut, type: "invoke", word: "STOP" },
      { at: START + VICTIM + 50, ...optedOut, type: "ok" },
    ),
  ],
  [
    "a send after an opt-out that was taken back",
    extraClient(
      { at: START - 200, ...optedOut, type: "invoke", word: "STOP" },
      { at: START - 100, ...optedOut, type: "ok" },
      { at: START - 90, ...optedOut, op: 2, type: "invoke", word: "START" },
      { at: START + 90_000, ...optedOut, op: 2, type: "ok" },
    ),
  ],
  [
    "a repetition that was answered with the same ids",
    client((line) => (isOf(line, 2) ? [line, again(line, id(2))] : [line])),
  ],
  [
    "a repetition that was refused",
    client((line) => {
      if (!isOf(line, 2)) return [line];
      const repeated = again(line, id(2));
      return [line, line.type === "ok" ? { ...repeated, type: "fail", status: 503, ids: undefined } : repeated];
    }),
  ],
  ["a first try of unknown outcome, whose ids came to nothing", triedBefore],
  [
    "a request without an answer that made its message",
    client((line) => (isOf(line, VICTIM) && line.type === "ok" ? [{ ...line, type: "info", ids: undefined }] : [line])),
  ],
  [
    "a submit that was refused before it was taken",
    provider(VICTIM, "submit", (line) => [{ ...line, status: 88, providerMessageId: undefined }, line]),
  ],
  ["receipts that are parked", { depth: new Map([["receipts", { chunks: 1, items: 3, oldestMs: 5 }]]) }],
];

export const plants: readonly Plant[] = [
  ...inTheLog,
  ...inTheHistory,
  ...inTheSets,
  ...inTheMoney,
  ...inTheReports,
  unread,
];
