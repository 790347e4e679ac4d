/** How many items wait, or are held, on the lanes whose names match. A set that does not answer counts nothing. */
import type { Store } from "#core/store/store.ts";

export async function waitingOn(stores: readonly Store[], lanes: RegExp): Promise<number> {
  const answers = await Promise.allSettled(stores.map((store) => store.depth()));
  return answers
    .flatMap((answer) => (answer.status === "fulfilled" ? [...answer.value] : []))
    .reduce((sum, [lane, { items }]) => (lanes.test(lane) ? sum + items : sum), 0);
}
