/** Claimed chunks, kept while they are in work: leases are renewed at a third, and whoever asks learns if they hold. */
import type { Hold, Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";

export const DELIVER_LEASE_MS = 15_000;
const RENEW_MS = DELIVER_LEASE_MS / 3;

export interface KeptLeases extends AsyncDisposable {
  /** Whether anything may be done in their name now: no, once one of them was lost. */
  isSafe(): boolean;
}

export function keepLeases(clock: Clock, store: Store, claimed: readonly Hold[]): KeptLeases {
  const stop = new AbortController();
  let holds = claimed;
  let isLost = false;

  async function run(): Promise<void> {
    while (!isLost) {
      await clock.sleep(RENEW_MS, stop.signal);
      if (stop.signal.aborted) return;
      // A set that does not answer leaves the leases as they are: their deadlines say how long that is safe.
      const renewed = await store.renew(holds, DELIVER_LEASE_MS).catch(() => undefined);
      if (renewed === undefined) continue;
      isLost = renewed.length < holds.length;
      holds = renewed;
    }
  }

  const running = run();
  return {
    isSafe: () => !isLost && holds.every(({ deadline }) => clock.monotonic() < deadline),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
