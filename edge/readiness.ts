/**
 * Whether this edge should get traffic, part by part: the sets are really asked, at most once a second however often
 * /readyz is called, and each within a bound, as a paused primary would keep the answer for ever.
 */
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";

/** Sends by a copy of the directory that no set has confirmed for longer are refused: keys may have been withdrawn. */
export const DIRECTORY_AGE_MS_MAX = 3_600_000;
/** A set that needs longer to answer a ping is not ready. */
const PING_MS_MAX = 1_000;
/** Answers are good for this long. */
const FRESH_MS = 1_000;

/** By set: can a majority write be expected now? */
export type SetReadiness = Readonly<Record<SetId, boolean>>;

/** Never rejects. Callers that come together share one round of pings. */
export function createReadiness(deps: {
  readonly stores: readonly Store[];
  readonly clock: Clock;
}): () => Promise<SetReadiness> {
  const { stores, clock } = deps;
  let round: Promise<SetReadiness> | undefined;
  let roundAt = 0;

  async function ask(): Promise<SetReadiness> {
    const answers = await Promise.all(
      stores.map(async (store) => [store.set, await isReachable(store, clock)] as const),
    );
    return Object.fromEntries(answers);
  }

  return () => {
    if (round === undefined || clock.monotonic() - roundAt > FRESH_MS) {
      roundAt = clock.monotonic();
      round = ask();
    }
    return round;
  };
}

function isReachable(store: Store, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timeout = clock.after(PING_MS_MAX, () => resolve(false));
    store
      .ping()
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => timeout.cancel());
  });
}
