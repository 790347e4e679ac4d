/**
 * Claims lanes `deliver.<account>` of one set for the accounts that have a receiving bind here. Each lane is worked on
 * by itself, one chunk at a time: a customer that is slow, or says no, holds nobody else up. While no bind of an
 * account receives, its lane just waits.
 */
import { isInUse } from "#core/directory/set-states.ts";
import { type Bell, type Hold, type Store, StoreError } from "#core/store/store.ts";
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
const CLAIM_LANES_MAX = 32;
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
  const working = new Map<Lane, Promise<void>>();
  using ear = createEar(deps, store);
  const away = createAway(deps, store);
  while (!signal.aborted) {
    const open = lanesToClaim(deps, store, working);
    if (!(await ear.hears(open, signal))) continue;
    const holds = await claimFrom(deps, store, open).catch((error: unknown) => away.failed(error, signal));
    if (holds === undefined) continue;
    away.answered();
    ear.claimed(holds.length);
    for (const [lane, some] of Map.groupBy(holds, (hold) => hold.lane)) {
      const end = (): void => {
        working.delete(lane);
        ear.wake();
      };
      working.set(lane, work(deps, store, some, signal).finally(end));
    }
  }
  await Promise.all(working.values());
}

/** A claim over a backlog asks for each of its lanes by itself: so many at once, and no more. */
async function claimFrom({ owner }: DeliverLoopDeps, store: Store, open: readonly Lane[]): Promise<readonly Hold[]> {
  const holds: Hold[] = [];
  for (let i = 0; i < open.length; i += CLAIM_LANES_MAX) {
    const some = open.slice(i, i + CLAIM_LANES_MAX);
    holds.push(...(await store.claim({ lanes: some, itemsMax: ITEMS_MAX, leaseMs: DELIVER_LEASE_MS, owner })));
  }
  return holds;
}

/** Knows when a claim is worth its while: the lanes have changed, their bell rings, or the last one found something. */
function createEar({ clock }: DeliverLoopDeps, store: Store) {
  let bell: Bell | undefined;
  let heard = "";
  let claimedAt = Number.NEGATIVE_INFINITY;
  let mayBeMore = true;
  let pause = new AbortController();

  function listen(lanes: readonly Lane[]): void {
    const wanted = lanes.join();
    if (wanted === heard) return;
    bell?.[Symbol.dispose]();
    bell = lanes.length === 0 ? undefined : store.bell(lanes, { pollMs: POLL_MS });
    heard = wanted;
    // The new bell rings for what comes after the claim that follows.
    mayBeMore = true;
  }

  return {
    /** False: look again which lanes there are. */
    async hears(lanes: readonly Lane[], signal: AbortSignal): Promise<boolean> {
      listen(lanes);
      if (bell !== undefined && mayBeMore) return true;
      pause = new AbortController();
      const ended = AbortSignal.any([signal, pause.signal]);
      if (bell === undefined) await clock.sleep(LOOK_MS, ended);
      else if (await bell.wait(LOOK_MS, ended)) return !signal.aborted;
      return bell !== undefined && !signal.aborted && clock.monotonic() - claimedAt >= CLAIM_ANYWAY_MS;
    },
    claimed(chunks: number): void {
      claimedAt = clock.monotonic();
      mayBeMore = chunks > 0;
    },
    wake: () => pause.abort(),
    [Symbol.dispose]: () => bell?.[Symbol.dispose](),
  };
}

/** A set that is away is said once, and waited for with back-off. */
function createAway({ clock, log }: DeliverLoopDeps, { set }: Store) {
  let awayMs = 0;
  return {
    async failed(error: unknown, signal: AbortSignal): Promise<undefined> {
      const code = error instanceof StoreError ? error.code : "defect";
      if (awayMs === 0) log.error("set.unreachable", { set, code, doing: "deliver" });
      awayMs = Math.min(AWAY_MAX_MS, Math.max(AWAY_FIRST_MS, awayMs * 2));
      await clock.sleep(awayMs, signal);
      return undefined;
    },
    answered(): void {
      if (awayMs > 0) log.info("set.recovered", { set });
      awayMs = 0;
    },
  };
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
