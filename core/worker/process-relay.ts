/**
 * Carries effects to the set they belong to: applied there first, acknowledged here after. Applied twice is as once.
 */

import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import { type RelayItem, relayItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { deadChunks } from "./chunks.ts";
import { parseItems } from "./parse-items.ts";
import { settleStep } from "./settle-step.ts";
import type { WorkContext } from "./work-context.ts";

/** The target is away: its effects wait here. */
const AWAY_RETRY_MS = 2_000;

export async function processRelay(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<void> {
  const byTarget = Map.groupBy(holds, (hold) => hold.lane);
  for (const [set, target] of context.stores) {
    const some = byTarget.get(lanes.relay(set));
    if (some !== undefined) await carry(context, { store, target, holds: some });
  }
}

async function carry(
  context: WorkContext,
  route: { readonly store: Store; readonly target: Store; readonly holds: readonly Hold[] },
): Promise<void> {
  const { store, target, holds } = route;
  const { items, dead } = parseItems(relayItemSchema, holds, context.clock.now());
  const applied = await apply(target, items);
  if (!applied)
    return store.release(
      holds.map((hold) => hold.lease),
      AWAY_RETRY_MS,
    );
  const build = (some: readonly Hold[]) => ({
    acks: some.map((hold) => hold.lease),
    chunks: deadChunks(context.mint, dead),
  });
  await settleStep(context, { store, stage: "relay", holds, build });
}

async function apply(target: Store, items: readonly RelayItem[]): Promise<boolean> {
  const events = items.flatMap((item) => item.events);
  const optOuts = items.flatMap((item) => item.optOuts);
  if (events.length + optOuts.length === 0) return true;
  try {
    return (await target.commit({ events, optOuts })).type === "committed";
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

/** The lanes by which this set's effects leave for the others. */
export function relayLanes(own: SetId, sets: Iterable<SetId>) {
  return [...sets].filter((set) => set !== own).map((set) => lanes.relay(set));
}
