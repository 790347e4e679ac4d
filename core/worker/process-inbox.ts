/** Stage *route* and *charge*: accepted messages through the pipeline and on to their provider's lane, one step. */

import type { Directory } from "#core/directory/directory.ts";
import { pipeline } from "#core/handlers/index.ts";
import { runPipeline } from "#core/handlers/run-pipeline.ts";
import { readOptedOut } from "#core/store/read-opted-out.ts";
import type { Hold, Step, Store } from "#core/store/store.ts";
import { inboxItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { toChunks, toSubmitChunks } from "./chunks.ts";
import { buryRejected } from "./dead-item.ts";
import { noticeChunks, noticesOf, waitingOf } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
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
  await settleStep(context, { store, stage: "route", holds, build });
}

async function buildStep(
  context: WorkContext,
  directory: Directory,
  store: Store,
  holds: readonly Hold[],
): Promise<Step> {
  const { clock, mint } = context;
  const now = clock.now();
  const { items, dead } = parseItems(inboxItemSchema, holds, now);
  const optedOut = await readOptedOut(store, items);
  const result = runPipeline(pipeline, items, { now, directory, optedOut });
  const forwards = [...result.forwards].flatMap(([lane, some]) => toSubmitChunks(mint, lane, some));
  const retries = [...result.retries].flatMap(([afterMs, some]) =>
    [...Map.groupBy(some, (item) => item.class)].flatMap(([messageClass, items]) =>
      toChunks(mint, lanes.inbox(messageClass), items, afterMs),
    ),
  );
  const buried = buryRejected({ mint, set: store.set, now }, dead);
  return {
    acks: holds.map((hold) => hold.lease),
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
