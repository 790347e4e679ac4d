/**
 * Group commit: what arrives while a write is under way is committed together, so a batch is small when it is quiet and
 * large when it is busy. A lone request never waits on purpose; where several come at once, steps keep a distance.
 * Requests wait *before* a set is chosen: a set that hangs holds the batch it was given and nothing else, but for keyed
 * requests, which have one set each.
 *
 * States of a request: waiting → in flight → answered. A definite failure puts it back at the head, for another set,
 * and ends a keyed one; its deadline answers it wherever it is. It is answered once, and "accepted" only after the
 * store said `committed`, or had a record that says so.
 */

import type { KeyPlace } from "#core/directory/keyed-set.ts";
import { isInUse, type SetState } from "#core/directory/set-states.ts";
import { createSetChooser, type SetHealth } from "#core/store/choose-set.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { COMMIT_QUEUE_MAX } from "#domain/limits.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { createSendOnce } from "./keyed-sends.ts";
import { type CommitAnswer, createPendingSend, type KeyedSend, type PendingSend } from "./pending-send.ts";
import { ALERT_JOIN_MS, type CommitObserver, Pipeline } from "./pipeline.ts";
import type { Submission } from "./plan-step.ts";

/**
 * Steps under way per set, alerts aside. 1: a step costs a set of three members ~8 ms of CPU almost whatever its size
 * (5 replication round trips, a journal flush on each member), so what counts is how few there are. With 2, 1,000
 * messages over 64 connections took 88 of them; and 512 connections fill a step of 512 every 40 ms even so.
 */
export const STEPS_IN_FLIGHT = 1;
/** Alerts have a step of their own per set to fall back on, so that one never waits behind bulk. */
const URGENT_STEPS_IN_FLIGHT = 1;
/** Every request is answered within this. 25 s: a store settles its doubts by then, and HTTP clients wait for 30 s. */
export const ANSWER_MS_MAX = 25_000;
/** When to come back after an overload: half of the four seconds that a full queue takes. */
const OVERLOAD_RETRY_MS = 2_000;

export interface Committer extends AsyncDisposable {
  /**
   * Commits one request whole, in one step. Never rejects; answers within ANSWER_MS_MAX. One with a key makes its
   * messages once, however often and wherever it is tried.
   */
  commit(submission: Submission, keyed?: KeyedSend): Promise<CommitAnswer>;
  /** Messages that wait for a set, by pipeline. */
  waiting(): { readonly urgent: number; readonly ordinary: number };
  health(): readonly SetHealth[];
}

/** Disposing refuses what is new and waits, at most ANSWER_MS_MAX, until everything in hand is answered. */
export function createCommitter(deps: {
  readonly stores: readonly Store[];
  /** This process's region: sets in it are preferred. */
  readonly region: string;
  /** What each set is used for now. */
  readonly stateOf: (set: SetId) => SetState;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly observer?: CommitObserver;
}): Committer {
  const { clock, log } = deps;
  const open = createPendingSends(clock, () => pipelines.forEach(dropAnswered));
  const chooser = createSetChooser({
    ...deps,
    onChange(set, state, code) {
      if (state === "open") log.error("set.unreachable", { set, code, doing: "commit accepted messages" });
      if (state === "closed") log.info("set.recovered", { set });
      // half_open is entered inside `choose`; the other two may let a queue move on, or end its waiting.
      if (state !== "half_open") pipelines.forEach(pump);
    },
  });
  const fenceChooser = createSetChooser({
    ...deps,
    stateOf: (set) => (isInUse(deps.stateOf(set)) ? "up" : "retired"),
    onChange(set, state, code) {
      if (state === "open") log.error("set.unreachable", { set, code, doing: "close keys that have left it" });
      if (state !== "half_open") pipelines.forEach(pump);
    },
  });
  const shared = { ...deps, chooser, fenceChooser, mint: createIdMint(deps), answer: open.answer };
  const urgent = new Pipeline({ ...shared, urgent: true, stepsMax: URGENT_STEPS_IN_FLIGHT });
  const ordinary = new Pipeline({ ...shared, urgent: false, stepsMax: STEPS_IN_FLIGHT, onAlertBack: rescueAlerts });
  const pipelines = [urgent, ordinary];
  const sendOnce = createSendOnce();
  /** What may wait for one set alone: sets that hang leave the rest of the queue to others. */
  const boundMax = COMMIT_QUEUE_MAX / (deps.stores.length + 1);
  let arrived = 0;
  let closing = false;
  let rescue: { cancel(): void } | undefined;

  /** A step that hangs must hold no alert up: what joined the queue behind it gets a step of its own after all. */
  function rescueAlerts(): void {
    rescue ??= clock.after(ALERT_JOIN_MS, () => {
      rescue = undefined;
      for (const request of ordinary.takeAlerts()) urgent.add(request);
    });
  }

  function enqueue(request: PendingSend, pipeline: Pipeline): void {
    open.add(request);
    if (pipeline === urgent && ordinary.isPrompt) {
      ordinary.add(request);
      rescueAlerts();
    } else pipeline.add(request);
  }

  /** A set for which nothing waits takes any request. */
  function isFull(pipeline: Pipeline, messages: number, keyed: KeyedSend | undefined): boolean {
    const isSetFull = ({ set }: KeyPlace): boolean => {
      const waiting = pipeline.waitingFor(set);
      return waiting > 0 && waiting + messages > boundMax;
    };
    return pipeline.waiting + messages > COMMIT_QUEUE_MAX || keyed?.places.some(isSetFull) === true;
  }

  function send(submission: Submission, keyed: KeyedSend | undefined): Promise<CommitAnswer> {
    const pipeline = submission.class === "alert" ? urgent : ordinary;
    if (isFull(pipeline, submission.to.length, keyed)) {
      return Promise.resolve({ type: "overloaded", retryAfterMs: OVERLOAD_RETRY_MS });
    }
    return new Promise((resolve) => {
      const arrivedAt = clock.monotonic();
      const life = { order: arrived++, arrivedAt, deadline: arrivedAt + ANSWER_MS_MAX, resolve };
      enqueue(createPendingSend({ submission, keyed }, life), pipeline);
    });
  }

  return {
    commit(submission, keyed) {
      if (closing || keyed?.places.length === 0) {
        return Promise.resolve({ type: "unavailable", retryAfterMs: OVERLOAD_RETRY_MS });
      }
      return keyed === undefined ? send(submission, keyed) : sendOnce(keyed, () => send(submission, keyed));
    },
    waiting: () => ({ urgent: urgent.waiting, ordinary: ordinary.waiting }),
    health: () => chooser.health(),
    async [Symbol.asyncDispose]() {
      closing = true;
      await open.empty();
      rescue?.cancel();
      for (const pipeline of pipelines) pipeline[Symbol.dispose]();
      chooser[Symbol.dispose]();
      fenceChooser[Symbol.dispose]();
    },
  };
}

const pump = (pipeline: Pipeline): void => pipeline.pump();
const dropAnswered = (pipeline: Pipeline): void => pipeline.dropAnswered();

interface PendingSends {
  add(request: PendingSend): void;
  /** Gives the request its one answer; a second is not heard. */
  answer(request: PendingSend, answer: CommitAnswer): void;
  /** Resolves when every request is answered, and stops the timer. */
  empty(): Promise<void>;
}

/** Requests without an answer, oldest first, and the one timer that answers those whose deadline has come. */
function createPendingSends(clock: Clock, onOverdue: () => void): PendingSends {
  const open = new Set<PendingSend>();
  let timer: { cancel(): void } | undefined;
  let onEmpty: (() => void) | undefined;

  function answer(request: PendingSend, result: CommitAnswer): void {
    if (request.answered) return;
    request.answered = true;
    open.delete(request);
    request.resolve(result);
    if (open.size === 0) onEmpty?.();
  }

  function arm(): void {
    const [oldest] = open;
    if (oldest !== undefined) timer ??= clock.after(Math.max(0, oldest.deadline - clock.monotonic()), sweep);
  }

  function sweep(): void {
    timer = undefined;
    for (const request of open) {
      if (request.deadline > clock.monotonic()) break;
      const { ids } = request;
      if (ids === undefined) answer(request, { type: "overloaded", retryAfterMs: OVERLOAD_RETRY_MS });
      else answer(request, { type: "outcome_unknown", ids });
    }
    onOverdue();
    arm();
  }

  return {
    add(request) {
      open.add(request);
      if (timer === undefined) arm();
    },
    answer,
    async empty() {
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
        if (open.size === 0) resolve();
      });
      timer?.cancel();
    },
  };
}
