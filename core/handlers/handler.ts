/**
 * The plug-in of the worker's pipeline: a batch of messages in, one outcome each, no storage and no clock of its own.
 * What a handler needs to know is in the context, so its tests need no server.
 */

import type { Directory, RouteCandidate } from "#core/directory/directory.ts";
import type { BatchCredit } from "#core/ledger/batch-credit.ts";
import type { OptOutKey } from "#core/store/store.ts";
import type { LevelBill, MessageEvent, RejectReason } from "#domain/event.ts";
import type { InboxItem, SubmitItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";

/** A message on its way through the pipeline, with what earlier handlers found out. */
export interface MessageInWork {
  readonly item: InboxItem;
  readonly route?: RouteCandidate;
  /** What each level pays for it, from its account up. */
  readonly bills?: readonly LevelBill[];
}

export interface HandlerContext {
  /** Milliseconds since the epoch: when this batch was taken up. */
  readonly now: number;
  readonly directory: Directory;
  /** Of the batch's own (account, number) pairs. */
  readonly optedOut: ReadonlySet<OptOutKey>;
  /** What the messages of the batch are paid from. */
  readonly credit: BatchCredit;
}

/** What becomes of one message. Total: the pipeline's switch must handle each. */
export type Outcome =
  | { readonly type: "continue"; readonly work: MessageInWork; readonly events: readonly MessageEvent[] }
  | {
      readonly type: "forward";
      readonly lane: Lane;
      readonly item: SubmitItem;
      readonly events: readonly MessageEvent[];
    }
  | { readonly type: "reject"; readonly reason: RejectReason; readonly detail: string }
  /** With `item`: it goes on as that. */
  | { readonly type: "retry"; readonly afterMs: number; readonly item?: InboxItem }
  | { readonly type: "drop"; readonly events: readonly MessageEvent[] };

export interface Handler<Name extends string = string> {
  readonly name: Name;
  /** One outcome for each message of the batch, in its order. */
  handle(batch: readonly MessageInWork[], context: HandlerContext): readonly Outcome[];
}

/** A handler that looks at one message at a time. */
export function defineHandler<Name extends string>(
  name: Name,
  decide: (work: MessageInWork, context: HandlerContext) => Outcome,
): Handler<Name> {
  return { name, handle: (batch, context) => batch.map((work) => decide(work, context)) };
}
