/**
 * Claims lanes `deliver.<account>` of one set for the accounts that have a receiving bind here. Each lane is worked on
 * by itself, one chunk at a time: a customer that is slow, or says no, holds nobody else up. While no bind of an
 * account receives, its lane just waits.
 */
import { isInUse } from "#core/directory/set-states.ts";
import { type Hold, type Store, StoreError } from "#core/store/store.ts";
import type { AccountId } from "#domain/ids.ts";
import { accountOfLane, type Lane, lanes } from "#domain/lane.ts";
import { type DeliverDeps, deliverBatch } from "./deliver-batch.ts";
import { DELIVER_LEASE_MS } from "./keep-lease.ts";

export interface DeliverLoopDeps extends DeliverDeps {
  readonly owner: string;
  readonly stateOf: (set: Store["set"]) => Parameters<typeof isInUse>[0];
  /** Accounts with a bind that receives, here and now. */
  readonly receivers: () => readonly AccountId[];
  /** Told how many more items are in hand, or how many fewer. */
  readonly onHeld: (items: number) => void;
}

/** Items of one claim. A chunk may be larger, and is then claimed alone. */
const ITEMS_MAX = 256;
/** Lanes of one set in work at once: with their items, some tens of megabytes. */
const LANES_MAX = 256;
/** While the bell is out of order, lanes are looked at this often. */
const POLL_MS = 250;
/** Whether a bind has come or gone is looked at this often; it asks nobody. */
const LOOK_MS = 1_000;
/** A bell that never rings, against its promise, costs no more than this. */
const CLAIM_ANYWAY_MS = 10_000;
const AWAY_FIRST_MS = 250;
const AWAY_MAX_MS = 5_000;

/** Until `signal` aborts, and what is in hand then is settled. */
export async function runDeliverLoop(deps: DeliverLoopDeps, store: Store, signal: AbortSignal): Promise<void> {
  const { clock, log } = deps;
  const working = new Map<Lane, Promise<void>>();
  let awayMs = 0;
  let wanted = "";
  let bell = store.bell([], { pollMs: POLL_MS });
  let claimedAt = Number.NEGATIVE_INFINITY;
  let mayBeMore = true;
  let finished = new AbortController();
  try {
    while (!signal.aborted) {
      const open = lanesToClaim(deps, store, working);
      if (open.join() !== wanted) {
        // The new bell hears what comes after the claim that follows it.
        bell[Symbol.dispose]();
        bell = store.bell(open, { pollMs: POLL_MS });
        wanted = open.join();
        mayBeMore = true;
      }
      finished = new AbortController();
      const isRung = mayBeMore || (await bell.wait(LOOK_MS, AbortSignal.any([signal, finished.signal])));
      const isDue = isRung || clock.monotonic() - claimedAt >= CLAIM_ANYWAY_MS;
      if (open.length === 0 || signal.aborted || !isDue) {
        if (open.length === 0) mayBeMore = false;
        continue;
      }
      try {
        claimedAt = clock.monotonic();
        const holds = await store.claim({
          lanes: open,
          itemsMax: ITEMS_MAX,
          leaseMs: DELIVER_LEASE_MS,
          owner: deps.owner,
        });
        if (awayMs > 0) log.info("set.recovered", { set: store.set });
        awayMs = 0;
        mayBeMore = holds.length > 0;
        for (const [lane, some] of Map.groupBy(holds, (hold) => hold.lane)) {
          const end = (): void => {
            working.delete(lane);
            finished.abort();
          };
          working.set(lane, work(deps, store, some, signal).finally(end));
        }
      } catch (error) {
        const code = error instanceof StoreError ? error.code : "defect";
        if (awayMs === 0) log.error("set.unreachable", { set: store.set, code, doing: "deliver" });
        awayMs = Math.min(AWAY_MAX_MS, Math.max(AWAY_FIRST_MS, awayMs * 2));
        await clock.sleep(awayMs, signal);
      }
    }
  } finally {
    bell[Symbol.dispose]();
    await Promise.all(working.values());
  }
}

function lanesToClaim({ receivers, stateOf }: DeliverLoopDeps, { set }: Store, working: ReadonlyMap<Lane, unknown>) {
  if (!isInUse(stateOf(set)) || working.size >= LANES_MAX) return [];
  return receivers()
    .map((account) => lanes.deliver(account))
    .filter((lane) => !working.has(lane));
}

/** Until they are settled. A defect is said, and the chunks come back when their leases end. */
async function work(deps: DeliverLoopDeps, store: Store, holds: readonly Hold[], signal: AbortSignal): Promise<void> {
  const items = holds.reduce((sum, hold) => sum + hold.items.length, 0);
  const account = accountOfLane(holds[0]?.lane ?? "");
  if (account === undefined) return;
  deps.onHeld(items);
  await deliverBatch(deps, { store, holds, account, signal }).catch((error: unknown) =>
    deps.log.error("defect", { where: `deliver on ${store.set}`, error: String(error) }),
  );
  deps.onHeld(-items);
}
