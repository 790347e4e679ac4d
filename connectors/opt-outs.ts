/**
 * Opt-outs of what a connector holds (invariant I12). They are asked for after a mark is durable and before anything
 * under it may go: an opt-out that was acknowledged before the mark is then among the answers, and one that comes later
 * is about segments that were below the mark. Asking only at the claim let what came under a later mark go out minutes
 * after its STOP; the simulation found it.
 */
import { readOptedOut } from "#core/store/read-opted-out.ts";
import { optOutKey } from "#core/store/store.ts";
import type { SubmitItem } from "#domain/item.ts";
import { type Engine, type HeldSet, undefinedIfAway } from "./held-set.ts";

export type IsOptedOut = (item: SubmitItem) => boolean;

/** Undefined: the set did not answer. */
export async function findOptedOut({ store }: HeldSet, items: readonly SubmitItem[]): Promise<IsOptedOut | undefined> {
  const optedOut = await readOptedOut(store, items).catch(undefinedIfAway);
  return optedOut && ((item) => optedOut.has(optOutKey(item.account, item.to)));
}

/** Asks for all that came under a mark since it was last asked. False: the set did not answer, ask again. */
export async function clearHeld({ deps }: Engine, set: HeldSet): Promise<boolean> {
  const asked = [...set.chunks].flatMap((chunk) => {
    const items = chunk.lost ? [] : chunk.uncleared;
    return items.length === 0 ? [] : [{ chunk, items, mark: chunk.mark }];
  });
  if (asked.length === 0) return true;
  const isOptedOut = await findOptedOut(
    set,
    asked.flatMap(({ items }) => items),
  );
  if (isOptedOut === undefined) return false;
  for (const { chunk, mark } of asked) chunk.clear(mark, isOptedOut, deps.clock.now());
  return true;
}
