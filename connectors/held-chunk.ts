/**
 * A claimed submit chunk as the connector works on it: which segment may go next, which are out, what is settled, and
 * what the next step has to say. A position (one segment of one message) is, in this order: waiting → in flight →
 * settled; or from in flight back to waiting (never reached a socket), to doubted (no answer: first an event, then the
 * class's policy), or to deferred (the provider says later). Pure: no I/O, no clock but the `now` it is given.
 */

import type { Hold, MarkAdvance } from "#core/store/store.ts";
import { segmentText, type TextEncoding } from "#domain/encoding/segment-text.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import type { SubmitItem } from "#domain/item.ts";
import type { SubmitResult } from "./connector.ts";
import { decideRefusal } from "./decide-refusal.ts";

export interface Position {
  readonly index: number;
  readonly item: SubmitItem;
  readonly segment: number;
  readonly segments: number;
  readonly encoding: TextEncoding;
  readonly part: string;
}

type PositionState = "waiting" | "in_flight" | "doubted" | "deferred" | "settled";

/** Whether a message in doubt is sent again; see invariant I7. */
export type DoubtPolicy = (item: SubmitItem) => "resend" | "keep";

/** A message that goes back to its lane for the rest of its segments. */
export interface Deferral {
  readonly item: SubmitItem;
  readonly delayMs: number;
}

/** What the next step says of this chunk. `complete`: nothing is left, the chunk is acknowledged. */
export interface HeldChunkStep {
  readonly complete: boolean;
  readonly mark: MarkAdvance;
  readonly events: readonly MessageEvent[];
  readonly deferrals: readonly Deferral[];
  /** Give this back to `stepCommitted`. */
  readonly receipt: StepReceipt;
}
interface StepReceipt {
  readonly events: number;
  readonly doubted: readonly number[];
  readonly mark: number;
}

export class HeldChunk {
  readonly positions: readonly Position[];
  /** Replaced by each renewal. */
  hold: Hold;
  /** The lease is another's: nothing may be sent or settled in its name any more. */
  lost = false;
  readonly #states: PositionState[];
  readonly #policy: DoubtPolicy;
  readonly #delays = new Map<string, number>();
  #events: MessageEvent[] = [];
  #mark: number;
  #settledTo = 0;
  #inFlight = 0;
  /** Positions that are neither settled nor deferred. */
  #open = 0;
  /** Every position below it is in flight or further: where the search for the next one starts. */
  #next = 0;

  constructor(
    hold: Hold,
    items: readonly SubmitItem[],
    options: { readonly policy: DoubtPolicy; readonly now: number },
  ) {
    this.hold = hold;
    this.positions = toPositions(items);
    this.#policy = options.policy;
    this.#mark = hold.progress.mark;
    this.#states = this.positions.map((position) => initialState(position, hold));
    this.#open = this.#states.filter(isOpen).length;
    for (const position of this.positions) {
      if (this.#states[position.index] === "doubted") this.#doubt(position, "takeover", options.now);
    }
    this.#advance();
  }

  /** Segments handed over and not answered, and those that still may be handed over under the mark. */
  get outstanding(): number {
    return this.#states.slice(this.#settledTo, this.#mark).filter(isOpen).length;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The next segment that may go, now in flight; undefined while there is none below the mark. */
  takeNext(now: number): Position | undefined {
    for (let i = this.#next; i < this.#mark; i++) {
      const position = this.positions[i];
      if (this.#states[i] !== "waiting" || position === undefined) continue;
      if (position.item.expireAt !== undefined && position.item.expireAt <= now) {
        this.#lapse(position, now);
        continue;
      }
      this.#set(i, "in_flight");
      this.#inFlight += 1;
      this.#next = i + 1;
      return position;
    }
    this.#next = this.#mark;
    return undefined;
  }

  /** Puts down what became of a segment. Call it once for each position taken. */
  record(position: Position, result: SubmitResult, now: number): void {
    this.#inFlight -= 1;
    switch (result.type) {
      case "accepted":
        this.#settle(position, {
          ...atProvider(position, now),
          type: "submitted",
          providerMessageId: result.providerMessageId,
        });
        return;
      case "refused":
        this.#refuse(position, result, now);
        return;
      case "unknown":
        this.#set(position.index, "doubted");
        this.#doubt(position, result.reason, now);
        return;
      case "not_sent":
        this.#wait(position.index);
        return;
    }
  }

  /** Something to say to the store: events, or room for the mark to move, or the end. */
  get wantsStep(): boolean {
    const exhausted = this.#next >= this.#mark && this.#mark < this.positions.length && this.#inFlight === 0;
    return this.#events.length > 0 || this.#isComplete() || exhausted;
  }

  /** The next step, with the mark `ahead` positions beyond what it settles. Change nothing until it is committed. */
  nextStep(ahead: number): HeldChunkStep {
    const mark = this.#markAhead(ahead);
    const beyond: number[] = [];
    for (let i = this.#settledTo; i < this.#mark; i++) if (this.#states[i] === "settled") beyond.push(i);
    const complete = this.#isComplete();
    return {
      complete,
      mark: { lease: this.hold.lease, mark, settledTo: this.#settledTo, settledBeyond: beyond },
      events: [...this.#events],
      deferrals: complete ? this.#deferrals() : [],
      receipt: { events: this.#events.length, doubted: this.#indexesOf("doubted"), mark },
    };
  }

  /** The step is durable: its events are said, its mark is the set's, and its doubts may be acted on. */
  stepCommitted({ events, doubted, mark }: StepReceipt): void {
    this.#events = this.#events.slice(events);
    this.#mark = Math.max(this.#mark, mark);
    for (const index of doubted) {
      const position = this.positions[index];
      if (position === undefined || this.#states[index] !== "doubted") continue;
      if (this.#policy(position.item) === "resend") this.#wait(index);
      else this.#set(index, "settled");
    }
    this.#advance();
  }

  /** What was not sent, to go back to the lane as new chunks when we stop; undefined while something is in flight. */
  remainder(): readonly Deferral[] | undefined {
    if (this.#inFlight > 0 || this.#indexesOf("doubted").length > 0) return undefined;
    for (const index of this.#indexesOf("waiting")) this.#set(index, "deferred");
    return this.#deferrals();
  }

  #isComplete(): boolean {
    return this.#open === 0;
  }

  #set(index: number, state: PositionState): void {
    this.#open += Number(isOpen(state)) - Number(isOpen(this.#states[index] ?? "settled"));
    this.#states[index] = state;
  }

  /** As far as `ahead` open positions reach: what is settled or put off takes up none of the window. */
  #markAhead(ahead: number): number {
    let mark = this.#settledTo;
    for (let open = 0; mark < this.positions.length; mark++) {
      if (!isOpen(this.#states[mark] ?? "settled")) continue;
      if (open === ahead) break;
      open += 1;
    }
    return Math.max(this.#mark, mark);
  }

  #indexesOf(wanted: PositionState): number[] {
    return this.#states.flatMap((state, index) => (state === wanted ? [index] : []));
  }

  #settle(position: Position, event: MessageEvent): void {
    this.#set(position.index, "settled");
    this.#events.push(event);
    this.#advance();
  }

  #wait(index: number): void {
    this.#set(index, "waiting");
    this.#next = Math.min(this.#next, index);
  }

  #advance(): void {
    while (this.#states[this.#settledTo] === "settled") this.#settledTo += 1;
  }

  #lapse(position: Position, now: number): void {
    this.#settle(position, { type: "lapsed", message: position.item.id, at: now, segments: [position.segment] });
  }

  #refuse(position: Position, result: Extract<SubmitResult, { type: "refused" }>, now: number): void {
    const decision = decideRefusal(result.class, position.item.tries);
    switch (decision.type) {
      case "again":
        this.#wait(position.index);
        return;
      case "later":
        this.#set(position.index, "deferred");
        this.#delays.set(position.item.id, Math.max(this.#delays.get(position.item.id) ?? 0, decision.delayMs));
        return;
      case "never":
        this.#settle(position, { ...atProvider(position, now), type: "refused", status: result.status });
        return;
    }
  }

  #doubt(position: Position, reason: EventOf<"in_doubt">["reason"], at: number): void {
    const policy = this.#policy(position.item);
    this.#events.push({ ...atProvider(position, at), type: "in_doubt", reason, policy });
    if (policy === "resend") return;
    const { item, segment } = position;
    const error = "in doubt, not sent again";
    this.#events.push({
      type: "unknown",
      message: item.id,
      at,
      segment,
      provider: item.provider,
      providerMessageId: "",
      error,
    });
  }

  #deferrals(): readonly Deferral[] {
    const byMessage = Map.groupBy(this.#indexesOf("deferred"), (index) => this.positions[index]?.item);
    return [...byMessage].flatMap(([item, indexes]) => {
      if (item === undefined) return [];
      const open = new Set(indexes.map((index) => this.positions[index]?.segment));
      const all = this.positions.filter((position) => position.item === item).map((position) => position.segment);
      const doneSegments = all.filter((segment) => !open.has(segment));
      const delayMs = this.#delays.get(item.id);
      const tries = item.tries + (delayMs === undefined ? 0 : 1);
      return [{ item: { ...item, tries, doneSegments }, delayMs: delayMs ?? 0 }];
    });
  }
}

function isOpen(state: PositionState): boolean {
  return state !== "settled" && state !== "deferred";
}

function toPositions(items: readonly SubmitItem[]): readonly Position[] {
  const positions: Position[] = [];
  for (const item of items) {
    const { encoding, parts } = segmentText(item.text);
    parts.forEach((part, segment) => {
      positions.push({ index: positions.length, item, segment, segments: parts.length, encoding, part });
    });
  }
  return positions;
}

function initialState({ index, item, segment }: Position, { progress }: Hold): PositionState {
  if (item.doneSegments?.includes(segment) === true) return "settled";
  if (index < progress.settledTo || progress.settledBeyond.includes(index)) return "settled";
  return index < progress.priorMark ? "doubted" : "waiting";
}

function atProvider({ item, segment }: Position, at: number) {
  return { message: item.id, at, segment, attempt: item.attempt, provider: item.provider };
}
