/**
 * One queue of requests and the steps it has under way: alerts have one, everything else the other. It takes what
 * waits, lays it out for a set that is free, commits it and hands every request its answer or, after a definite
 * failure, puts it back at the head for another set. It never gives an answer because of time: that is the committer's.
 */
import type { SetChooser } from "#core/store/choose-set.ts";
import type { CommitResult, Step, Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, MessageId, SetId } from "#domain/ids.ts";
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Logger } from "#domain/log.ts";
import { itemBytes, planStep, type Submission } from "./plan-step.ts";

export type CommitAnswer =
  /** Durable on a majority of the ids' set. */
  | { readonly type: "accepted"; readonly ids: readonly MessageId[]; readonly at: number }
  /** Too much is waiting already. Nothing is stored. */
  | { readonly type: "overloaded"; readonly retryAfterMs: number }
  /** No set could take it. Nothing is stored. */
  | { readonly type: "unavailable"; readonly retryAfterMs: number }
  /** The messages may be stored under these ids, or not. */
  | { readonly type: "outcome_unknown"; readonly ids: readonly MessageId[] };

/**
 * The least time from the start of one step to the start of the next, once several requests have come at once. It is
 * about what a commit takes: at 400 messages a second it makes steps of 8 where there were steps of 3.
 */
export const PACE_MS = 20;
/** A batch of this many gains little by waiting for more. */
export const PACED_MESSAGES_MAX = 64;

/**
 * An alert joins the next ordinary step when that is near: nothing under way, or not for longer than this. A step costs
 * its set ~7 ms of CPU whatever its size, and with 10 % alerts in steps of their own two steps of three were theirs.
 */
export const ALERT_JOIN_MS = 30;

/** What a pipeline tells whoever measures. */
export interface CommitObserver {
  /** One step came back: how many messages it held, how long it took, and how it ended. */
  stepEnded(step: { readonly messages: number; readonly ms: number; readonly result: CommitResult["type"] }): void;
}

/** One HTTP request's messages on their way. Waiting while `ids` is absent, in flight while it is there. */
export interface PendingSend {
  readonly submission: Submission;
  readonly bytes: number;
  /** By the monotonic clock. */
  readonly deadline: number;
  readonly tried: Set<SetId>;
  /** A set refused a step that it was part of: it travels alone from now on, so that it can spoil no other. */
  alone: boolean;
  ids: readonly MessageId[] | undefined;
  answered: boolean;
  readonly resolve: (answer: CommitAnswer) => void;
}

export function createPendingSend(
  submission: Submission,
  deadline: number,
  resolve: PendingSend["resolve"],
): PendingSend {
  const bytes = itemBytes(submission) * submission.to.length;
  return { submission, bytes, deadline, tried: new Set(), alone: false, ids: undefined, answered: false, resolve };
}

export interface PipelineDeps {
  readonly urgent: boolean;
  /** Steps under way per set. */
  readonly stepsMax: number;
  readonly chooser: SetChooser;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: CommitObserver;
  /** Gives the request its answer unless it has one. */
  readonly answer: (request: PendingSend, answer: CommitAnswer) => void;
}

/** The store's result without the case that a step without leases cannot meet. */
type StepResult = Exclude<CommitResult, { readonly type: "lease_lost" }>;

export class Pipeline implements Disposable {
  readonly #deps: PipelineDeps;
  readonly #inFlight = new Map<SetId, number>();
  readonly #isFree = (set: SetId): boolean => (this.#inFlight.get(set) ?? 0) < this.#deps.stepsMax;
  #queue: PendingSend[] = [];
  /** When the last step started, by the monotonic clock, and how many requests it held. */
  #last = { startedAt: Number.NEGATIVE_INFINITY, requests: 0 };
  /** Comes back to a batch that waits for the pace. May outlive it, and then finds nothing to do. */
  #timer: { cancel(): void } | undefined;
  #waiting = 0;

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
  }

  /** Messages that wait for a set. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a request that comes now is in a step soon. */
  get isPrompt(): boolean {
    const isIdle = [...this.#inFlight.values()].every((steps) => steps === 0);
    const isFresh = this.#deps.clock.monotonic() - this.#last.startedAt < ALERT_JOIN_MS;
    return this.#waiting < PACED_MESSAGES_MAX && (isIdle || isFresh);
  }

  /** Ahead of all that is no alert. */
  addAlert(request: PendingSend): void {
    const alerts = this.#queue.findIndex((held) => !isAlert(held));
    this.#queue.splice(alerts < 0 ? this.#queue.length : alerts, 0, request);
    this.#waiting += request.submission.to.length;
    this.pump();
  }

  /** Gives up the alerts that still wait, for a pipeline that has a step to spare. */
  takeAlerts(): readonly PendingSend[] {
    const alerts = this.#queue.filter(isAlert);
    this.#queue = this.#queue.filter((request) => !isAlert(request));
    for (const request of alerts) this.#waiting -= request.submission.to.length;
    return alerts;
  }

  add(request: PendingSend): void {
    this.#queue.push(request);
    this.#waiting += request.submission.to.length;
    this.pump();
  }

  /** Starts steps until the queue is empty or no set is free. Called whenever either may have changed. */
  pump(): void {
    const { chooser, answer, log } = this.#deps;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const choice = chooser.choose({ except: head.tried, isFree: this.#isFree });
      if (choice.type === "busy") return;
      if (choice.type === "none") {
        this.#dequeue(1);
        answer(head, { type: "unavailable", retryAfterMs: choice.retryAfterMs });
      } else {
        const count = countThatFit(this.#queue, choice.store.set);
        if (this.#isPaced(head, count)) return;
        this.#run(choice.store, this.#dequeue(count)).catch((error: unknown) =>
          log.error("defect", { where: "pipeline", error: String(error) }),
        );
      }
    }
  }

  /**
   * Whether the next batch waits for more, too soon after the last step: a timer comes back to it. One that is full by
   * number or by bytes gains nothing by that, and one that failed elsewhere has waited already.
   */
  #isPaced(head: PendingSend, count: number): boolean {
    const { clock } = this.#deps;
    const isFull = count < this.#queue.length || this.#waiting >= PACED_MESSAGES_MAX;
    const restMs = this.#last.startedAt + PACE_MS - clock.monotonic();
    if (this.#last.requests < 2 || isFull || head.tried.size > 0 || restMs <= 0) return false;
    this.#timer ??= clock.after(restMs, () => {
      this.#timer = undefined;
      this.pump();
    });
    return true;
  }

  /** Forgets waiting requests that were answered by their deadline. */
  dropAnswered(): void {
    this.#queue = this.#queue.filter((request) => !request.answered);
    this.#waiting = this.#queue.reduce((sum, request) => sum + request.submission.to.length, 0);
  }

  /** For when everything is answered: nothing waits for the pace any more. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #dequeue(count: number): readonly PendingSend[] {
    const requests = this.#queue.splice(0, count);
    for (const request of requests) this.#waiting -= request.submission.to.length;
    return requests;
  }

  async #run(store: Store, requests: readonly PendingSend[]): Promise<void> {
    const { clock, mint, urgent, observer } = this.#deps;
    const { set } = store;
    const at = clock.now();
    const plan = planStep(
      requests.map((request) => request.submission),
      { set, at, urgent, mint },
    );
    for (const [i, request] of requests.entries()) request.ids = plan.ids[i];

    this.#inFlight.set(set, (this.#inFlight.get(set) ?? 0) + 1);
    const startedAt = clock.monotonic();
    this.#last = { startedAt, requests: requests.length };
    const result = await this.#commit(store, plan.step);
    this.#inFlight.set(set, (this.#inFlight.get(set) ?? 1) - 1);

    const messages = plan.step.events?.length ?? 0;
    observer?.stepEnded({ messages, ms: clock.monotonic() - startedAt, result: result.type });
    this.#finish({ set, requests, at, messages, result });
    this.pump();
  }

  /** The seam promises never to reject, and a step without leases cannot lose one: if it does, nothing is known. */
  async #commit(store: Store, step: Step): Promise<StepResult> {
    try {
      const result = await this.#deps.chooser.commit(store, step);
      if (result.type !== "lease_lost") return result;
      throw new Error("Cannot lose a lease as the step held none");
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
  }): void {
    const { requests, set, at, messages, result } = ended;
    const { answer, log } = this.#deps;
    switch (result.type) {
      case "committed":
        for (const request of requests) answer(request, { type: "accepted", ids: request.ids ?? [], at });
        return;
      case "unknown":
        log.error("accept.outcome_unknown", { set, messages });
        for (const request of requests) answer(request, { type: "outcome_unknown", ids: request.ids ?? [] });
        return;
      case "failed":
        log.info("accept.failed_over", { set, messages });
        if (!result.error.retryable) log.error("defect", { where: `step on ${set}`, error: result.error.message });
        this.#retryElsewhere(requests, set, result.error);
        return;
    }
  }

  /** Back to the head in their order. Those whose deadline passed meanwhile were told, and are not tried again. */
  #retryElsewhere(requests: readonly PendingSend[], set: SetId, error: StoreError): void {
    const again = requests.filter((request) => !request.answered);
    for (const request of again) {
      request.tried.add(set);
      request.ids = undefined;
      request.alone ||= !error.retryable;
      this.#waiting += request.submission.to.length;
    }
    this.#queue.unshift(...again);
  }
}

function isAlert(request: PendingSend): boolean {
  return request.submission.class === "alert";
}

/** How many requests from the head make the next batch: one, whatever its size, or what a chunk's bounds allow. */
function countThatFit(queue: readonly PendingSend[], set: SetId): number {
  let messages = 0;
  let bytes = 0;
  let count = 0;
  for (const request of queue) {
    messages += request.submission.to.length;
    bytes += request.bytes;
    const fits = messages <= CHUNK_ITEMS_MAX && bytes <= CHUNK_BYTES_MAX && !request.alone && !request.tried.has(set);
    if (count > 0 && !fits) break;
    count += 1;
    if (request.alone) break;
  }
  return count;
}
