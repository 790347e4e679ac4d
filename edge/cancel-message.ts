/**
 * Takes back a message that was scheduled and whose time has not come. One step on its own set decides, by a key that
 * the worker's step takes when it routes the message: so it is either cancelled for good, and costs nothing, or it is
 * on its way. Asked again it says the same.
 */
import type { Directory } from "#core/directory/directory.ts";
import { maySend } from "#core/directory/set-states.ts";
import { turnKey } from "#core/store/effect-keys.ts";
import type { Store } from "#core/store/store.ts";
import { noticeChunks, noticesOf, waitingOf } from "#core/worker/notices.ts";
import type { MessageEvent } from "#domain/event.ts";
import { foldEvents, type MessageState, statusOf } from "#domain/fold.ts";
import { type AccountId, type MessageId, messageIdSchema, setOfMessage } from "#domain/ids.ts";
import type { EdgeDeps } from "./edge-deps.ts";
import { readEvents } from "./read-events.ts";

export type CancelAnswer =
  | { readonly type: "cancelled"; readonly id: MessageId; readonly at: number }
  /** It never was, or is another account's: nobody learns which. */
  | { readonly type: "not_found" }
  /** It was not scheduled, is on its way, or has ended; or it shares its id with others (submit_multi). */
  | { readonly type: "too_late" }
  /** Its set cannot be reached, or says nothing certain: asking again is safe. */
  | { readonly type: "unavailable" };

type CancelDeps = Pick<EdgeDeps, "stores" | "clock" | "mint">;

export async function cancelMessage(
  deps: CancelDeps,
  caller: { readonly account: AccountId; readonly directory: Directory },
  id: string,
): Promise<CancelAnswer> {
  const parsed = messageIdSchema.safeParse(id);
  const store = parsed.success ? deps.stores.get(setOfMessage(parsed.data)) : undefined;
  if (!parsed.success || store === undefined) return { type: "not_found" };
  const before = await judge(deps, store, parsed.data, caller.account);
  if (before.type !== "waiting") return before;
  // Nothing is written to a set that stands still: what is known of it may be its past.
  if (!maySend(caller.directory.stateOf(store.set))) return { type: "unavailable" };

  const at = deps.clock.now();
  const event = { type: "rejected", message: parsed.data, at, reason: "cancelled", detail: CANCELLED } as const;
  const { accepted } = before.state;
  const item = { id: parsed.data, account: caller.account, ...(accepted.receipt !== undefined && NOTIFY) };
  const result = await store.commit({
    events: [event],
    sendKeys: [turnKey(parsed.data, at)],
    chunks: noticeChunks(deps.mint, noticesOf([event], waitingOf([item])), at),
  });
  switch (result.type) {
    case "committed":
      return { type: "cancelled", id: parsed.data, at };
    case "key_taken": {
      // A worker, or another one who cancels: whoever it was has said so in the same step.
      const after = await judge(deps, store, parsed.data, caller.account);
      return after.type === "waiting" ? { type: "unavailable" } : after;
    }
    case "failed":
    case "unknown":
      return { type: "unavailable" };
    case "lease_lost":
    case "credit_short":
      throw new RangeError(`Cannot cancel as the step met '${result.type}', and it has neither leases nor charges`);
  }
}

const CANCELLED = "its sender took it back before its time";
const NOTIFY = { notify: true } as const;

type Accepted = Extract<MessageEvent, { readonly type: "accepted" }>;

/** By its events. `waiting`: it may still be cancelled. */
async function judge(
  { clock }: CancelDeps,
  store: Store,
  id: MessageId,
  account: AccountId,
): Promise<
  CancelAnswer | { readonly type: "waiting"; readonly state: MessageState & { readonly accepted: Accepted } }
> {
  const events = await readEvents(store, id, clock);
  if (events === undefined) return { type: "unavailable" };
  const state = foldEvents(events);
  const { accepted, rejected } = state;
  if (accepted === undefined || accepted.account !== account) return { type: "not_found" };
  if (rejected?.reason === "cancelled") return { type: "cancelled", id, at: rejected.at };
  const isWaiting =
    accepted.notBefore !== undefined && accepted.receiptId === undefined && statusOf(state) === "accepted";
  return isWaiting ? { type: "waiting", state: { ...state, accepted } } : { type: "too_late" };
}
