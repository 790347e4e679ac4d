/**
 * One request's messages on their way through the committer, and the answers there are. A keyed request is bound to one
 * set after the other: it closes the names that its key has on the sets it left, and is sent on the last.
 */
import type { KeyPlace } from "#core/directory/keyed-set.ts";
import type { SendKeyId } from "#core/store/store.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import { itemBytes, type StepPart, type Submission } from "./plan-step.ts";

export type CommitAnswer =
  /** Durable on a majority of the ids' set. `replayed`: by an earlier request with the same Idempotency-Key. */
  | {
      readonly type: "accepted";
      readonly ids: readonly MessageId[];
      readonly at: number;
      readonly replayed?: true;
    }
  /** An earlier request with the same Idempotency-Key had another content. Nothing of this one is stored. */
  | { readonly type: "key_reused" }
  /** Too much is waiting already. Nothing is stored. */
  | { readonly type: "overloaded"; readonly retryAfterMs: number }
  /** No set could take it. Nothing is stored. */
  | { readonly type: "unavailable"; readonly retryAfterMs: number }
  /** The messages may be stored under these ids, or not. */
  | { readonly type: "outcome_unknown"; readonly ids: readonly MessageId[] };

/** What makes a request one that is sent once (invariant I11). */
export interface KeyedSend {
  /** Account and key: what two requests have in common that are one. */
  readonly id: SendKeyId;
  /** Of the content: see idempotency-key.ts. */
  readonly fingerprint: string;
  /** Where it goes, in this order; its messages go to the last. Without any it cannot be sent now. */
  readonly places: readonly KeyPlace[];
}

/** Waiting while `ids` is absent, in flight while it is there. */
export interface PendingSend {
  readonly submission: Submission;
  readonly bytes: number;
  readonly fingerprint: string;
  /** The places that are left to go to; empty for a request without a key, which any set may take. */
  places: readonly KeyPlace[];
  /** Its place among those that wait, lowest first: in the order of arrival, but alerts before all others. */
  readonly rank: number;
  /** Both by the monotonic clock. */
  readonly arrivedAt: number;
  readonly deadline: number;
  readonly tried: Set<SetId>;
  /** A set refused a step that it was part of: it travels alone from now on, so that it can spoil no other. */
  alone: boolean;
  ids: readonly MessageId[] | undefined;
  answered: boolean;
  readonly resolve: (answer: CommitAnswer) => void;
}

/** More requests than any process sees. */
const BEHIND_ALERTS = 2 ** 52;

export function createPendingSend(
  request: { readonly submission: Submission; readonly keyed: KeyedSend | undefined },
  /** `order`: its number among all that came. */
  life: Pick<PendingSend, "arrivedAt" | "deadline" | "resolve"> & { readonly order: number },
): PendingSend {
  const { submission, keyed } = request;
  const { order, arrivedAt, deadline, resolve } = life;
  return {
    submission,
    rank: submission.class === "alert" ? order : order + BEHIND_ALERTS,
    arrivedAt,
    deadline,
    resolve,
    bytes: itemBytes(submission) * submission.to.length,
    fingerprint: keyed?.fingerprint ?? "",
    places: keyed?.places ?? [],
    tried: new Set(),
    alone: false,
    ids: undefined,
    answered: false,
  };
}

/** The only set that its next step may go to; undefined: any. */
export function pinOf({ places }: PendingSend): SetId | undefined {
  return places[0]?.set;
}

/** Whether its next step closes names and sends nothing. */
export function isFencing({ places }: PendingSend): boolean {
  return places.length > 1;
}

export function isAlert({ submission }: PendingSend): boolean {
  return submission.class === "alert";
}

/** What it adds to its next step. A fence counts as a message: it is one more key. */
export function messagesOf(request: PendingSend): number {
  return isFencing(request) ? 1 : request.submission.to.length;
}

export function bytesOf(request: PendingSend): number {
  return isFencing(request) ? 0 : request.bytes;
}

export function toStepPart(request: PendingSend): StepPart {
  const names = request.places[0]?.names ?? [];
  if (isFencing(request)) return { type: "fence", names };
  return { type: "messages", submission: request.submission, names, fingerprint: request.fingerprint };
}
