/** What waits, or is held, on the lanes whose names match. A set that does not answer counts nothing. */
import type { LaneDepth, Store } from "#core/store/store.ts";

/** How many items. */
export async function waitingOn(stores: readonly Store[], lanes: RegExp): Promise<number> {
  return itemsOn(await depthsOf(stores), lanes);
}

/** The age of the oldest chunk, in milliseconds; 0 when there is none. */
export async function oldestOn(stores: readonly Store[], lanes: RegExp): Promise<number> {
  return oldestAge(await depthsOf(stores), lanes);
}

/** Every lane of every set, with its name. */
export type Depths = readonly (readonly [name: string, depth: LaneDepth])[];

export function itemsOn(depths: Depths, lanes: RegExp): number {
  return depths.reduce((sum, [lane, { items }]) => (lanes.test(lane) ? sum + items : sum), 0);
}

export function oldestAge(depths: Depths, lanes: RegExp): number {
  return Math.max(0, ...depths.map(([lane, { oldestMs }]) => (lanes.test(lane) ? oldestMs : 0)));
}

async function depthsOf(stores: readonly Store[]): Promise<Depths> {
  const answers = await Promise.allSettled(stores.map((store) => store.depth()));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [...answer.value] : []));
}
