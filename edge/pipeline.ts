/**
 * Requests that wait, and the steps under way with them: alerts have one pipeline, everything else the other. It takes
 * what waits, lays it out for a set that is free, commits it and hands every request its answer, or puts it back: after
 * a definite failure for another set, after a fence for the next of its places. A step that met a taken key goes again
 * to the same set at once, without that request. It never gives an answer because of time: that is the committer's.
 */
import type { KeyPlace } from "#core/directory/keyed-set.ts";
import type { SetChoice, SetChooser } from "#core/store/choose-set.ts";
import type { CommitResult, SendKeyId, SendRecord, Step, Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { judgeTaken } from "./judge-taken.ts";
import { type CommitAnswer, isAlert, isFencing, type PendingSend, pinOf, toStepPart } from "./pending-send.ts";
import { planStep } from "./plan-step.ts";
import { type Batch, WaitingSends } from "./waiting-sends.ts";

/**
 * The least time from the start of one step to the start of the next, once several requests have come at once. It is
 * about what a commit takes: at 400 messages a second it makes steps of 8 where there were steps of 3. Nobody waits
 * longer than this for it, so steps of other sets do not put off a request that is bound to its own.
 */
export const PACE_MS = 20;
/**
 * The least time from the end of a set's step to the start of its next, likewise: clients that send one request after
 * the other answer a 202 with their next one, and go along. Without it they fall into two groups that take turns, in
 * twice as many steps. 64 connections on a busy machine, runs in turn: 0 → 5 ms: 34.7 → 25.1 steps per 1,000 messages
 * and 1.03 → 0.84 CPU seconds; 5 → 10 ms: 32.8 → 29.5 and 1.12 → 1.03, with other load beside it.
 */
export const TURN_MS = 10;
/** A batch of this many gains little by waiting for more. */
export const PACED_MESSAGES_MAX = 64;

/**
 * An alert joins the next ordinary step when that is near: nothing under way, or not for longer than this. A step costs
 * its set ~7 ms of CPU whatever its size, and with 10 % alerts in steps of their own two steps of three were theirs.
 */
export const ALERT_JOIN_MS = 30;

/** A step whose key somebody else's open step holds comes again after this: such a step is open for 5 s at most. */
export const CONTENDED_AGAIN_MS = 500;

/** What a pipeline tells whoever measures. */
export interface CommitObserver {
  /** One step came back: how many messages it held, how long it took, and how it ended. */
  stepEnded(step: { readonly messages: number; readonly ms: number; readonly result: CommitResult["type"] }): void;
}

export interface PipelineDeps {
  readonly urgent: boolean;
  /** Steps under way per set. */
  readonly stepsMax: number;
  readonly chooser: SetChooser;
  /** Chooses among all sets that are in use: a set that takes no new messages is still told which keys have left it. */
  readonly fenceChooser: SetChooser;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: CommitObserver;
  /** Told of an alert that waits again: the step that it joined is over, and the next one may hang. */
  readonly onAlertBack?: () => void;
  /** Gives the request its answer unless it has one. */
  readonly answer: (request: PendingSend, answer: CommitAnswer) => void;
}

/** The store's result without the cases that a step without leases and charges cannot meet. */
type StepResult = Exclude<CommitResult, { readonly type: "lease_lost" | "credit_short" }>;

export class Pipeline implements Disposable {
  readonly #deps: PipelineDeps;
  readonly #waiting = new WaitingSends();
  readonly #inFlight = new Map<SetId, number>();
  /** When the last step of each set ended, by the monotonic clock. */
  readonly #endedAt = new Map<SetId, number>();
  readonly #others = new Map<SetId | undefined, ReadonlySet<SetId>>();
  readonly #isFree = (set: SetId): boolean => (this.#inFlight.get(set) ?? 0) < this.#deps.stepsMax;
  /** When the last step started, by the monotonic clock, and how many requests it held. */
  #last = { startedAt: Number.NEGATIVE_INFINITY, requests: 0 };
  /** Comes back to the first batch that waits for the pace. May outlive it, and then finds nothing to do. */
  #timer: { readonly at: number; cancel(): void } | undefined;

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
  }

  /** Messages that wait for a set. */
  get waiting(): number {
    return this.#waiting.messages;
  }

  /** Those of them that wait for this set and no other. */
  waitingFor(set: SetId): number {
    return this.#waiting.messagesFor(set);
  }

  /** Whether a request that comes now is in a step soon. */
  get isPrompt(): boolean {
    const isIdle = [...this.#inFlight.values()].every((steps) => steps === 0);
    const isFresh = this.#deps.clock.monotonic() - this.#last.startedAt < ALERT_JOIN_MS;
    return this.waiting < PACED_MESSAGES_MAX && (isIdle || isFresh);
  }

  /** Gives up the alerts that still wait, for a pipeline that has a step to spare. */
  takeAlerts(): readonly PendingSend[] {
    return this.#waiting.extract(isAlert);
  }

  /** An alert goes ahead of all that is none. */
  add(request: PendingSend): void {
    this.#waiting.add(request);
    this.pump();
  }

  /** Starts steps until nothing waits or no set is free. Called whenever either may have changed. */
  pump(): void {
    while (this.#startNext());
  }

  /** Forgets waiting requests that were answered by their deadline. */
  dropAnswered(): void {
    this.#waiting.extract((request) => request.answered);
  }

  /** For when everything is answered: nothing waits for the pace any more. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  /** Starts the step, or refuses the request, that is next; false when there is nothing to do now. */
  #startNext(): boolean {
    for (const head of this.#waiting.heads()) {
      const choice = this.#choose(head);
      if (choice.type === "busy") continue;
      if (choice.type === "none") {
        this.#waiting.remove([head]);
        this.#deps.answer(head, { type: "unavailable", retryAfterMs: choice.retryAfterMs });
        return true;
      }
      const batch = this.#batchFor(choice.store.set, head);
      if (this.#isPaced(choice.store.set, head, batch)) continue;
      this.#waiting.take(batch, this.#deps.clock.monotonic());
      this.#run(choice.store, batch.requests).catch((error: unknown) =>
        this.#deps.log.error("defect", { where: "pipeline", error: String(error) }),
      );
      return true;
    }
    return false;
  }

  #choose(request: PendingSend, isFree = this.#isFree): SetChoice {
    const chooser = isFencing(request) ? this.#deps.fenceChooser : this.#deps.chooser;
    const pin = pinOf(request);
    if (pin === undefined) return chooser.choose({ except: request.tried, isFree });
    const except = request.tried.has(pin) ? this.#allBut(undefined) : this.#allBut(pin);
    return chooser.choose({ except, isFree });
  }

  /** Kept, as it is asked for at every request. */
  #allBut(pin: SetId | undefined): ReadonlySet<SetId> {
    const kept = this.#others.get(pin);
    if (kept !== undefined) return kept;
    const others = new Set(this.#deps.chooser.health().flatMap(({ set }) => (set === pin ? [] : [set])));
    this.#others.set(pin, others);
    return others;
  }

  /** Whoever might have gone to this set anyway goes along: those of any set to a near one before a far one. */
  #batchFor(set: SetId, head: PendingSend): Batch {
    const isThis = (free: SetId): boolean => free === set;
    const along = this.#waiting
      .headsFor(set)
      .filter((other) => other === head || this.#choose(other, isThis).type === "chosen");
    return this.#waiting.batchFor(set, along);
  }

  /**
   * Whether the batch waits for more, too soon after the last step: a timer comes back to it. One that is full by
   * number or by bytes gains nothing by that, and one that failed elsewhere has waited already.
   */
  #isPaced(set: SetId, head: PendingSend, batch: Batch): boolean {
    const isFull = batch.isFull || batch.messages >= PACED_MESSAGES_MAX;
    const paceAt = Math.min(this.#last.startedAt, batch.since) + PACE_MS;
    const at = Math.max(paceAt, (this.#endedAt.get(set) ?? Number.NEGATIVE_INFINITY) + TURN_MS);
    const isDue = at <= this.#deps.clock.monotonic();
    if (this.#last.requests < 2 || isFull || head.tried.size > 0 || isDue) return false;
    this.#comeBack(at);
    return true;
  }

  #comeBack(at: number): void {
    const { clock } = this.#deps;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const timer = clock.after(Math.max(0, at - clock.monotonic()), () => {
      this.#timer = undefined;
      this.pump();
    });
    this.#timer = { at, cancel: () => timer.cancel() };
  }

  async #run(store: Store, batch: readonly PendingSend[]): Promise<void> {
    const { set } = store;
    this.#inFlight.set(set, (this.#inFlight.get(set) ?? 0) + 1);
    for (let requests = batch; requests.length > 0; ) requests = await this.#attempt(store, requests);
    this.#inFlight.set(set, (this.#inFlight.get(set) ?? 1) - 1);
    this.#endedAt.set(set, this.#deps.clock.monotonic());
    this.pump();
  }

  /** One step. Returns the requests that are to be tried again on the same set at once. */
  async #attempt(store: Store, requests: readonly PendingSend[]): Promise<readonly PendingSend[]> {
    const { clock, mint, urgent, observer } = this.#deps;
    const { set } = store;
    const at = clock.now();
    const plan = planStep(requests.map(toStepPart), { set, at, urgent, mint });
    for (const [i, request] of requests.entries()) {
      if (!isFencing(request)) request.ids = plan.ids[i];
    }
    const startedAt = clock.monotonic();
    this.#last = { startedAt, requests: requests.length };
    const result = await this.#commit(store, plan.step);
    const messages = plan.step.events?.length ?? 0;
    observer?.stepEnded({ messages, ms: clock.monotonic() - startedAt, result: result.type });
    return this.#finish({ set, requests, at, messages, result });
  }

  /** The seam promises never to reject, and neither leases nor keys that are not in the step: else nothing is known. */
  async #commit(store: Store, step: Step): Promise<StepResult> {
    try {
      const { chooser, fenceChooser } = this.#deps;
      const isFence = step.events?.length === 0;
      const result = await (isFence ? fenceChooser : chooser).commit(store, step);
      const isOurs = result.type !== "key_taken" || step.sendKeys?.some(({ id }) => result.taken.has(id)) === true;
      if (isOurs && result.type !== "lease_lost" && result.type !== "credit_short") return result;
      throw new Error(`Cannot understand '${result.type}' as the step held nothing of the kind`);
    } catch (error) {
      this.#deps.log.error("defect", { where: `commit on ${store.set}`, error: String(error) });
      return { type: "unknown", error: error as StoreError };
    }
  }

  #finish(ended: {
    readonly set: SetId;
    readonly requests: readonly PendingSend[];
    readonly at: number;
    readonly messages: number;
    readonly result: StepResult;
  }): readonly PendingSend[] {
    const { requests, set, at, messages, result } = ended;
    const { log } = this.#deps;
    switch (result.type) {
      case "committed":
        for (const request of requests) this.#committed(request, at);
        return [];
      case "key_taken":
        return this.#withoutTaken(requests, result.taken);
      case "unknown":
        log.error("accept.outcome_unknown", { set, messages });
        for (const request of requests) this.#doubted(request);
        return [];
      case "failed":
        if (result.error.code === "key_contended") {
          this.#putApart(requests);
          return [];
        }
        log.info("accept.failed_over", { set, messages });
        if (!result.error.retryable) log.error("defect", { where: `step on ${set}`, error: result.error.message });
        this.#putBack(requests, set, result.error);
        return [];
    }
  }

  #committed(request: PendingSend, at: number): void {
    const { ids = [] } = request;
    if (!isFencing(request)) this.#deps.answer(request, { type: "accepted", ids, at });
    else this.#moveOn(request, request.places.slice(1));
  }

  /** A fence may be in doubt: whether it stands or not, nothing was sent, and the next attempt will see. */
  #doubted(request: PendingSend): void {
    const { ids } = request;
    this.#deps.answer(request, ids ? { type: "outcome_unknown", ids } : { type: "unavailable", retryAfterMs: 0 });
  }

  /** The step is as if it had never been: it goes again without those who are answered by what was there before. */
  #withoutTaken(requests: readonly PendingSend[], taken: ReadonlyMap<SendKeyId, SendRecord>): readonly PendingSend[] {
    const again: PendingSend[] = [];
    for (const request of requests) {
      if (request.answered) continue;
      request.ids = undefined;
      const set = pinOf(request);
      const verdict = judgeTaken(request, taken);
      if (verdict.type === "answer") this.#deps.answer(request, verdict.answer);
      else if (verdict.places[0]?.set !== set) this.#moveOn(request, verdict.places);
      else {
        request.places = verdict.places;
        again.push(request);
      }
    }
    return again;
  }

  /** To the next of its places. */
  #moveOn(request: PendingSend, places: readonly KeyPlace[]): void {
    if (request.answered) return;
    request.places = places;
    this.#addAgain(request);
  }

  #addAgain(request: PendingSend): void {
    this.#waiting.add(request);
    if (isAlert(request)) this.#deps.onAlertBack?.();
  }

  /**
   * Somebody else's open step holds a key of one of them. The others go again at once, those with keys each alone; who
   * is refused alone waits apart from all, as an edge that died holds its keys until its set ends its transaction.
   */
  #putApart(requests: readonly PendingSend[]): void {
    for (const request of requests) {
      if (request.answered) continue;
      request.ids = undefined;
      const isCulprit = requests.length === 1;
      request.alone ||= pinOf(request) !== undefined;
      if (!isCulprit) this.#addAgain(request);
      else this.#deps.clock.after(CONTENDED_AGAIN_MS, () => request.answered || this.add(request));
    }
  }

  /**
   * Back to where they came from, but not to this set: what is bound to it finds none. A refusal may be about one of
   * them only, so each is tried alone first. Those whose deadline passed meanwhile were told, and are not tried again.
   */
  #putBack(requests: readonly PendingSend[], set: SetId, error: StoreError): void {
    for (const request of requests) {
      if (request.answered) continue;
      const isDecided = error.retryable || requests.length === 1 || pinOf(request) === undefined;
      if (isDecided) request.tried.add(set);
      request.alone ||= !error.retryable;
      request.ids = undefined;
      this.#addAgain(request);
    }
  }
}
