/** What waits, or is held, on the lanes whose names match. A set that does not answer counts nothing. */
import type { LaneDepth, Store } from "#core/store/store.ts";

/** How many items. */
export async function waitingOn(stores: readonly Store[], lanes: RegExp): Promise<number> {
  return (await depthsOf(stores, lanes)).reduce((sum, { items }) => sum + items, 0);
}

/** The age of the oldest chunk, in milliseconds; 0 when there is none. */
export async function oldestOn(stores: readonly Store[], lanes: RegExp): Promise<number> {
  return Math.max(0, ...(await depthsOf(stores, lanes)).map(({ oldestMs }) => oldestMs));
}

async function depthsOf(stores: readonly Store[], lanes: RegExp): Promise<readonly LaneDepth[]> {
  const answers = await Promise.allSettled(stores.map((store) => store.depth()));
  return answers
    .flatMap((answer) => (answer.status === "fulfilled" ? [...answer.value] : []))
    .flatMap(([lane, depth]) => (lanes.test(lane) ? [depth] : []));
}
