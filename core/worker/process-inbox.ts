/** Stage *route* and *charge*: accepted messages through the pipeline and on to their provider's lane, one step. */

import type { Directory } from "#core/directory/directory.ts";
import { pipeline } from "#core/handlers/index.ts";
import { runPipeline } from "#core/handlers/run-pipeline.ts";
import { accountOf } from "#core/ledger/allotments.ts";
import type { BatchCredit } from "#core/ledger/batch-credit.ts";
import { turnKey } from "#core/store/effect-keys.ts";
import { readMessages } from "#core/store/read-messages.ts";
import { readOptedOut } from "#core/store/read-opted-out.ts";
import type { CommitResult, Hold, SendKey, Step, Store } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";
import { type InboxItem, inboxItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { toChunks, toSubmitChunks } from "./chunks.ts";
import { buryRejected } from "./dead-item.ts";
import { noticeChunks, noticesOf, waitingOf } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
import { payFor } from "./pay-for.ts";
import { settleStep } from "./settle-step.ts";
import type { WorkContext } from "./work-context.ts";

/** Without a directory nothing can be routed: the chunks wait this long for one. */
const NO_DIRECTORY_RETRY_MS = 1_000;

export async function processInbox(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<void> {
  const directory = context.directory.current();
  if (directory === undefined) {
    await store.release(
      holds.map((hold) => hold.lease),
      NO_DIRECTORY_RETRY_MS,
    );
    return;
  }
  const build = (some: readonly Hold[]): Promise<Step> => buildStep(context, directory, store, some);
  const view = context.creditOf(store);
  const learn = ({ charges = [] }: Step, result: CommitResult["type"]): void => {
    if (result === "committed") view.note(charges);
    else view.forget(charges.map(({ allotment }) => accountOf(allotment)));
  };
  await settleStep(context, { store, stage: "route", holds, build, learn });
}

async function buildStep(
  context: WorkContext,
  directory: Directory,
  store: Store,
  holds: readonly Hold[],
): Promise<Step> {
  const { clock, mint } = context;
  const now = clock.now();
  const { items: found, dead } = parseItems(inboxItemSchema, holds, now);
  const due = await lookAtDue(store, found, now);
  const items = found.filter((item) => !due.isCancelled(item));
  const optedOut = await readOptedOut(store, items);
  const run = (credit: BatchCredit) => runPipeline(pipeline, items, { now, directory, optedOut, credit });
  const { result, charges } = await payFor(context, { directory, store, items, run });
  const forwards = [...result.forwards].flatMap(([lane, some]) => toSubmitChunks(mint, lane, some));
  const retries = [...result.retries].flatMap(([afterMs, some]) =>
    [...Map.groupBy(some, (item) => item.class)].flatMap(([messageClass, items]) =>
      toChunks(mint, lanes.inbox(messageClass), items, afterMs),
    ),
  );
  const turns = due.turns([...result.retries.values()].flat());
  const buried = buryRejected({ mint, set: store.set, now }, dead);
  return {
    acks: holds.map((hold) => hold.lease),
    ...(turns.length > 0 && { sendKeys: turns }),
    ...(charges.length > 0 && { charges }),
    events: [...result.events, ...buried.events],
    chunks: [
      ...forwards,
      ...retries,
      ...buried.chunks,
      ...noticeChunks(mint, noticesOf(result.events, waitingOf(items)), now),
    ],
    urgent: items.some((item) => item.class === "alert"),
  };
}

/** What is known of scheduled messages whose time has come; others cost no look-up. */
interface Due {
  readonly isCancelled: (item: InboxItem) => boolean;
  /**
   * The turns that a step takes which decides on all but `later`: nobody cancels them while it is committed. One that
   * was routed before, and came back from lane `dead`, has had its turn.
   */
  turns(later: Iterable<InboxItem>): readonly SendKey[];
}

async function lookAtDue(store: Store, items: readonly InboxItem[], now: number): Promise<Due> {
  const due = items.filter(({ notBefore }) => notBefore !== undefined && notBefore <= now).map(({ id }) => id);
  const known = await readMessages(store, due);
  const has = (id: MessageId, fits: (event: MessageEvent) => boolean): boolean => known.get(id)?.some(fits) === true;
  const isCancelled = (id: MessageId) => has(id, (event) => event.type === "rejected" && event.reason === "cancelled");
  const isNew = (id: MessageId) => !isCancelled(id) && !has(id, (event) => event.type === "routed");
  return {
    isCancelled: ({ id }) => isCancelled(id),
    turns(later) {
      const waiting = new Set(Array.from(later, ({ id }) => id));
      return due.filter((id) => isNew(id) && !waiting.has(id)).map((id) => turnKey(id, now));
    },
  };
}
