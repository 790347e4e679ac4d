/**
 * All events of one message → what the tables hold of it: its state by the platform's own fold, and what is counted
 * here apart from it, so that a mistake of the fold does not hide one. Pure.
 */
import { canonicalJson } from "#domain/canonical-json.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type applyEvent, emptyMessageState, isFinal, type MessageState, rejectionOf, statusOf } from "#domain/fold.ts";
import { type MessageId, setOfMessage } from "#domain/ids.ts";
import { storable } from "../../reporting/projector/cell-text.ts";
import type { LoggedEvent } from "../../reporting/projector/report-streams.ts";
import type { Cell } from "../../reporting/reports-database.ts";

/** An event with its place in the logs of all sets. */
export interface PlacedEvent extends LoggedEvent {
  readonly set: string;
  /** The reports have read it. */
  readonly projected: boolean;
}

export type Apply = typeof applyEvent;

export interface FoldedMessage {
  /** A row of proof.message, and rows of proof.segment and proof.replied. */
  readonly message: readonly Cell[];
  readonly segments: readonly (readonly Cell[])[];
  readonly replies: readonly (readonly Cell[])[];
  /** As far as the reports have read. */
  readonly projected: MessageState;
}

export interface FoldOptions {
  readonly apply: Apply;
  /** Whether other orders of the same events are tried as well. */
  readonly tryOrders: boolean;
}

export function foldMessage(id: MessageId, placed: readonly PlacedEvent[], options: FoldOptions): FoldedMessage {
  const events = placed.map(({ event }) => event);
  const state = fold(events, options.apply);
  const read = placed.filter(({ projected }) => projected);
  const projected =
    read.length === placed.length
      ? state
      : fold(
          read.map(({ event }) => event),
          options.apply,
        );
  return {
    message: messageCells(id, placed, { state, orderMatters: orderMatters(events, state, options) }),
    segments: segmentCells(id, events, state),
    replies: events.flatMap((event) =>
      event.type === "replied"
        ? [[id, e164(event.from), e164(event.to), storable(event.text), `${event.at}`] as const]
        : [],
    ),
    projected,
  };
}

function fold(events: readonly MessageEvent[], apply: Apply): MessageState {
  return events.reduce((state, event) => apply(state, event), emptyMessageState);
}

function orderMatters(events: readonly MessageEvent[], state: MessageState, { apply, tryOrders }: FoldOptions): Cell {
  if (!tryOrders) return null;
  const expected = canonicalJson(state);
  const backwards = events.toReversed();
  const half = Math.ceil(events.length / 2);
  const orders = [backwards, [...events.slice(half), ...events], [...events, ...backwards]];
  return `${orders.some((order) => canonicalJson(fold(order, apply)) !== expected)}`;
}

function messageCells(
  id: MessageId,
  placed: readonly PlacedEvent[],
  { state, orderMatters }: { readonly state: MessageState; readonly orderMatters: Cell },
): readonly Cell[] {
  const { accepted, routed, billed } = state;
  const status = statusOf(state);
  const set = setOfMessage(id);
  const count = (type: MessageEvent["type"]): string => `${placed.filter(({ event }) => event.type === type).length}`;
  return [
    ...[id, accepted?.account ?? null, accepted?.class ?? null, accepted === undefined ? null : e164(accepted.from)],
    ...[accepted?.to ?? null, accepted === undefined ? null : storable(accepted.text), whole(accepted?.segments)],
    ...[whole(accepted?.at), whole(routed?.at), status, `${isFinal(status)}`, rejectionOf(state)?.reason ?? null],
    ...[count("accepted"), count("routed"), count("billed"), count("rejected")],
    ...[billed?.account ?? null, whole(billed?.segments), billed?.priceMicros ?? null, billed?.totalMicros ?? null],
    `${placed.filter((place) => place.set !== set).length}`,
    ...[withoutPartner(placed, "routed", ["billed", "rejected"]), withoutPartner(placed, "billed", ["routed"])],
    ...[unroutedResults(placed), orderMatters],
  ];
}

/** Events of `type` in whose batch none of `partners` stands. */
function withoutPartner(
  placed: readonly PlacedEvent[],
  type: MessageEvent["type"],
  partners: readonly MessageEvent["type"][],
): string {
  const alone = placed.filter(
    (one) =>
      one.event.type === type && !placed.some((other) => partners.includes(other.event.type) && isSameStep(one, other)),
  );
  return `${alone.length}`;
}

function isSameStep(a: PlacedEvent, b: PlacedEvent): boolean {
  return a.writer === b.writer && a.sequence === b.sequence && a.set === b.set;
}

function unroutedResults(placed: readonly PlacedEvent[]): string {
  const routes = new Set(placed.flatMap(({ event }) => (event.type === "routed" ? [event.attempt] : [])));
  const results = placed.flatMap(({ event }) =>
    event.type === "submitted" || event.type === "refused" || event.type === "in_doubt" ? [event.attempt] : [],
  );
  return `${results.filter((attempt) => !routes.has(attempt)).length}`;
}

function segmentCells(id: MessageId, events: readonly MessageEvent[], state: MessageState) {
  const indexes = new Set(events.flatMap((event) => ("segment" in event ? [event.segment] : [])));
  return [...indexes].map((segment): readonly Cell[] => {
    const own = events.filter((event) => "segment" in event && event.segment === segment);
    const doubts = own.filter(({ type }) => type === "in_doubt");
    const resends = doubts.filter((event) => event.type === "in_doubt" && event.policy === "resend");
    const receipts = own.flatMap((event) => ("error" in event ? [event.type] : []));
    return [
      ...[id, `${segment}`, state.segments[segment]?.outcome ?? null],
      `${own.filter(({ type }) => type === "submitted").length}`,
      ...[`${doubts.length}`, `${resends.length}`, ` ${[...new Set(receipts)].join(" ")} `],
    ];
  });
}

function whole(value: number | undefined): Cell {
  return value === undefined ? null : `${value}`;
}

function e164(number: string): string {
  return storable(number.replace(/^\+?/, "+"));
}
