/**
 * Carries effects to the set they belong to: applied there first, acknowledged here after. Applied twice is as once.
 */

import { landedKey, landStep } from "#core/ledger/move-credit.ts";
import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import { type RelayItem, relayItemSchema } from "#domain/item.ts";
import { deadChunks } from "./dead-item.ts";
import { noticeChunks } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
import { refundChunks } from "./refund-chunks.ts";
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

async function apply(context: WorkContext, target: Store, items: readonly RelayItem[]): Promise<boolean> {
  const { mint, clock, random } = context;
  const events = items.flatMap((item) => item.events);
  const optOuts = items.flatMap((item) => item.optOuts);
  const money = landStep(items, { random, now: clock.now() });
  const effects = events.length + optOuts.length + (money.charges?.length ?? 0);
  if (effects === 0) return true;
  const notices = items.flatMap((item) => item.notices ?? []);
  const chunks = [...noticeChunks(mint, notices, clock.now()), ...refundChunks(mint, events)];
  try {
    const result = await target.commit({ events, optOuts, chunks, ...money });
    if (result.type !== "key_taken") return result.type === "committed";
    // This money has landed before; the rest has not, or may be applied again.
    const rest = items.map((item) => (result.taken.has(landedKey(item)) ? { ...item, credit: undefined } : item));
    return apply(context, target, rest);
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
