/**
 * Carries effects to the set they belong to: applied there first, acknowledged here after. Applied twice is as once.
 */

import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import { type RelayItem, relayItemSchema } from "#domain/item.ts";
import { deadChunks } from "./dead-item.ts";
import { noticeChunks } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
import { settleStep } from "./settle-step.ts";
import type { WorkContext } from "./work-context.ts";

/** The target is away: its effects wait here. */
const AWAY_RETRY_MS = 2_000;

/** `holds` are of lane `relay.<target>`, in `store`. */
export async function processRelay(
  context: WorkContext,
  target: Store,
  store: Store,
  holds: readonly Hold[],
): Promise<void> {
  const now = context.clock.now();
  const applied = await apply(context, target, parseItems(relayItemSchema, holds, now).items);
  if (!applied)
    return store.release(
      holds.map((hold) => hold.lease),
      AWAY_RETRY_MS,
    );
  const build = (some: readonly Hold[]) => ({
    acks: some.map((hold) => hold.lease),
    chunks: deadChunks(context.mint, parseItems(relayItemSchema, some, now).dead),
  });
  await settleStep(context, { store, stage: "relay", holds, build });
}

async function apply({ mint, clock }: WorkContext, target: Store, items: readonly RelayItem[]): Promise<boolean> {
  const events = items.flatMap((item) => item.events);
  const optOuts = items.flatMap((item) => item.optOuts);
  if (events.length + optOuts.length === 0) return true;
  const notices = items.flatMap((item) => item.notices ?? []);
  const chunks = noticeChunks(mint, notices, clock.now());
  try {
    return (await target.commit({ events, optOuts, chunks })).type === "committed";
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
