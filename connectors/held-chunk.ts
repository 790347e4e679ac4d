/**
 * A claimed submit chunk as the connector works on it: which segment may go next, which are out, what is settled, and
 * what the next step has to say. A position (one segment of one message) is, in this order: waiting → in flight →
 * settled; or from in flight back to waiting (never reached a socket), to doubted (no answer: first an event, then the
 * policy, decided once), or to deferred (the provider says later: back to the lane with the next step). Pure: no I/O,
 * no clock but the `now` it is given.
 */
import type { Hold, MarkAdvance, Settled } from "#core/store/store.ts";
import { type DoubtDecision, type DoubtPolicy, KEPT_ERROR } from "#core/worker/doubt-policy.ts";
import { foundState, type Position, toPositions } from "#core/worker/send-positions.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import type { SubmitItem } from "#domain/item.ts";
import { DOUBTS_MAX } from "#domain/limits.ts";
import type { SubmitResult } from "./connector.ts";
import { decideRefusal, type RefusalDecision } from "./decide-refusal.ts";

type PositionState = "waiting" | "in_flight" | "doubted" | "deferred" | "settled";

type PutOff = Pick<Extract<RefusalDecision, { type: "later" }>, "delayMs" | "isTry">;
const GIVEN_BACK: PutOff = { delayMs: 0, isTry: false };

/** A message that goes back to its lane for some of its segments. */
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
  /** It holds alerts. */
  readonly urgent: boolean;
  /** Give this back to `stepCommitted`. */
  readonly receipt: StepReceipt;
}
interface StepReceipt {
  readonly events: number;
  readonly doubted: readonly number[];
  readonly deferred: readonly number[];
  readonly mark: number;
}

export interface HeldChunkOptions {
  readonly policy: DoubtPolicy;
  readonly now: number;
  /**
   * Recipients that have opted out since the message was routed: nothing more goes to them (invariant I12). Asked after
   * the hold's mark was durable; for positions that come under a later mark it is asked again (`clear`).
   */
  readonly isOptedOut?: (item: SubmitItem) => boolean;
}

export class HeldChunk {
  readonly positions: readonly Position[];
  /** Replaced by each renewal, and when we claim our own chunk again. */
  hold: Hold;
  /** The lease is another's: nothing may be sent or settled in its name any more. */
  lost = false;
  /** A step that may be there: the chunk is lost with it, and what it says is not said again before that is known. */
  inQuestion: { readonly receipt: StepReceipt; readonly settle: () => Promise<Settled> } | undefined;
  readonly #states: PositionState[];
  readonly #options: HeldChunkOptions;
  readonly #decisions = new Map<number, DoubtDecision>();
  readonly #doubts = new Map<number, number>();
  /** Of what was put off; what is only given back has none. */
  readonly #delays = new Map<number, PutOff>();
  #events: MessageEvent[] = [];
  #mark: number;
  /** The highest mark of any step that was made: it may be the set's already. */
  #asked = 0;
  /** Below it opt-outs were asked for after the mark was durable. Never beyond the mark. */
  #cleared: number;
  #settledTo = 0;
  #inFlight = 0;
  /** Positions that are neither settled nor deferred. */
  #open = 0;
  #deferred = 0;
  /** Every position below it is in flight or further: where the search for the next one starts. */
  #next = 0;

  constructor(hold: Hold, items: readonly SubmitItem[], options: HeldChunkOptions) {
    this.hold = hold;
    this.positions = toPositions(items);
    this.#options = options;
    this.#mark = hold.progress.mark;
    this.#cleared = this.#mark;
    this.#states = this.positions.map((position) => initialState(position, hold));
    this.#open = this.#states.filter(isOpen).length;
    for (const position of this.positions) this.#takeUp(position);
    this.#advance();
  }

  /** Segments handed over and not answered, and those that may be under the mark, or under one that is asked for. */
  get outstanding(): number {
    return this.#states.slice(this.#settledTo, Math.max(this.#mark, this.#asked)).filter(isOpen).length;
  }

  /** Alerts and the rest never share a lane, and so no chunk. */
  get isUrgent(): boolean {
    return this.positions[0]?.item.class === "alert";
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * We claimed our own chunk again, after a lease that ran out while its set was away. True: nobody had it in between,
   * so all that we know of it holds, under the new lease. False: somebody did, or ours was lost before.
   */
  adopt(hold: Hold): boolean {
    if (this.lost || hold.deliveries !== this.hold.deliveries + 1) return false;
    this.hold = hold;
    this.#mark = Math.max(this.#mark, hold.progress.mark);
    return true;
  }

  /** Messages under the mark whose opt-outs are to be asked for before anything of them may go. */
  get uncleared(): readonly SubmitItem[] {
    return this.positions.slice(this.#cleared, this.#mark).map(({ item }) => item);
  }

  /** `isOptedOut` knows all of `uncleared`, and was asked after it was read. `mark` is what the mark was then. */
  clear(mark: number, isOptedOut: (item: SubmitItem) => boolean, now: number): void {
    const from = this.#cleared;
    this.#cleared = Math.max(from, mark);
    for (const position of this.positions.slice(from, this.#cleared)) {
      if (this.#states[position.index] === "waiting" && isOptedOut(position.item)) this.#refuseOptedOut(position, now);
    }
  }

  /** How far positions may go by what the set was told. */
  get mark(): number {
    return this.#mark;
  }

  /** The next segment that may go, now in flight; undefined while there is none below the mark that is cleared. */
  takeNext(now: number): Position | undefined {
    for (let i = this.#next; i < this.#cleared; i++) {
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
    this.#next = this.#cleared;
    return undefined;
  }

  /** Puts down what became of a segment. Call it once for each position taken. */
  record(position: Position, result: SubmitResult, now: number): void {
    this.#inFlight -= 1;
    switch (result.type) {
      case "accepted": {
        const { providerMessageId } = result;
        const notify = position.item.notify && { notify: position.item.account };
        this.#settle(position, { ...atProvider(position, now), type: "submitted", providerMessageId, ...notify });
        return;
      }
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

  /** Every position is settled or put off: the next step ends it, and says whether the lease still held. */
  get isComplete(): boolean {
    return this.#open === 0;
  }

  /** Something to say to the store: events, deferrals, room for the mark to move, or the end. */
  get wantsStep(): boolean {
    const exhausted = this.#next >= this.#mark && this.#mark < this.positions.length && this.#inFlight === 0;
    return this.#events.length > 0 || this.#deferred > 0 || this.isComplete || exhausted;
  }

  /**
   * The next step, with the mark `ahead` positions beyond what it settles, and where it was at least. What it says
   * is not changed by another before it is committed.
   */
  nextStep(ahead: number): HeldChunkStep {
    const mark = this.#markAhead(ahead);
    this.#asked = Math.max(this.#asked, mark);
    const deferred = this.#indexesOf("deferred");
    const settled = new Set(deferred);
    for (let i = this.#settledTo; i < this.positions.length; i++) if (this.#states[i] === "settled") settled.add(i);
    let settledTo = this.#settledTo;
    while (settled.has(settledTo)) settledTo += 1;
    const settledBeyond = [...settled].filter((index) => index > settledTo).sort((a, b) => a - b);
    return {
      complete: this.isComplete,
      mark: { lease: this.hold.lease, mark, settledTo, settledBeyond },
      events: [...this.#events],
      deferrals: this.#toDeferrals(deferred),
      urgent: this.isUrgent,
      receipt: { events: this.#events.length, doubted: this.#indexesOf("doubted"), deferred, mark },
    };
  }

  /** The step is durable: its events are said, its mark is the set's, and its doubts may be acted on. */
  stepCommitted({ events, doubted, deferred, mark }: StepReceipt): void {
    this.#events = this.#events.slice(events);
    this.#mark = Math.max(this.#mark, mark);
    for (const index of deferred) this.#set(index, "settled");
    for (const index of doubted) {
      if (this.#states[index] !== "doubted") continue;
      if (this.#decisions.get(index) === "resend") this.#wait(index);
      else this.#set(index, "settled");
    }
    this.#advance();
  }

  /** Puts what was never sent back: the next step returns it to its lane as new, clean chunks. */
  giveBack(): void {
    for (const index of this.#indexesOf("waiting")) this.#set(index, "deferred");
  }

  #set(index: number, state: PositionState): void {
    const held = this.#states[index] ?? "settled";
    this.#open += Number(isOpen(state)) - Number(isOpen(held));
    this.#deferred += Number(state === "deferred") - Number(held === "deferred");
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

  #takeUp(position: Position): void {
    const { isOptedOut, now } = this.#options;
    const state = this.#states[position.index];
    if (state === "doubted") this.#doubt(position, "takeover", now);
    if (state === "waiting" && isOptedOut?.(position.item) === true) this.#refuseOptedOut(position, now);
  }

  #refuseOptedOut(position: Position, at: number): void {
    const detail = "the recipient opted out before this segment was sent";
    this.#settle(position, { type: "rejected", message: position.item.id, at, reason: "opted_out", detail });
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
        this.#delays.set(position.index, decision);
        return;
      case "never":
        this.#settle(position, { ...atProvider(position, now), type: "refused", status: result.status });
        return;
    }
  }

  #doubt(position: Position, reason: EventOf<"in_doubt">["reason"], at: number): void {
    const policy = this.#decide(position, reason);
    this.#decisions.set(position.index, policy);
    this.#events.push({ ...atProvider(position, at), type: "in_doubt", reason, policy });
    if (policy === "resend") return;
    const { item, segment } = position;
    const { id: message, provider } = item;
    this.#events.push({ type: "unknown", message, at, segment, provider, providerMessageId: "", error: KEPT_ERROR });
  }

  /** Each takeover and each unanswered submit is a doubt: past their bound nothing is sent again. */
  #decide(position: Position, reason: EventOf<"in_doubt">["reason"]): DoubtDecision {
    const earlier = position.item.doubts ?? 0;
    const before = this.#doubts.get(position.index) ?? earlier;
    const doubts = reason === "takeover" ? earlier + this.hold.deliveries - 1 : before + 1;
    this.#doubts.set(position.index, doubts);
    const mayResend = doubts <= DOUBTS_MAX && this.#options.isOptedOut?.(position.item) !== true;
    return mayResend ? this.#options.policy(position.item) : "keep";
  }

  /** One item a message and delay, for exactly the segments that were put off. */
  #toDeferrals(deferred: readonly number[]): readonly Deferral[] {
    const groups = Map.groupBy(deferred, (index) => {
      const { delayMs, isTry } = this.#delays.get(index) ?? GIVEN_BACK;
      return `${this.positions[index]?.item.id} ${delayMs} ${isTry}`;
    });
    return [...groups.values()].flatMap((indexes) => {
      const some = indexes.flatMap((index) => this.positions[index] ?? []);
      const [first] = some;
      if (first === undefined) return [];
      const open = new Set(some.map(({ segment }) => segment));
      const doneSegments = Array.from({ length: first.segments }, (_, i) => i).filter((segment) => !open.has(segment));
      const { delayMs, isTry } = this.#delays.get(first.index) ?? GIVEN_BACK;
      const tries = first.item.tries + (isTry ? 1 : 0);
      // Its next holder goes on counting: a link that flaps would otherwise send it for ever.
      const doubts = Math.max(first.item.doubts ?? 0, ...indexes.map((index) => this.#doubts.get(index) ?? 0));
      const item = { ...first.item, tries, doneSegments, ...(doubts > 0 && { doubts }) };
      return [{ item, delayMs }];
    });
  }
}

function isOpen(state: PositionState): boolean {
  return state !== "settled" && state !== "deferred";
}

function initialState({ index, item, segment }: Position, { progress }: Hold): PositionState {
  if (item.doneSegments?.includes(segment) === true) return "settled";
  const found = foundState(index, progress);
  return found === "clean" ? "waiting" : found;
}

function atProvider({ item, segment }: Position, at: number) {
  return { message: item.id, at, segment, attempt: item.attempt, provider: item.provider };
}
