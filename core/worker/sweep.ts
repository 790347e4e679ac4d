/**
 * Stage *sweep*: chunks on any submit lane whose act-by time has passed while nobody held them, so that a provider
 * without live connectors strands nothing; and what an account that never binds was to be told (give-up.ts). Whoever
 * holds a chunk is left alone, by its lease; the rest is taken apart (take-apart.ts) in one step with its
 * acknowledgement. What comes back to the lane has a later act-by time, so no chunk is found twice.
 */
import { maySend } from "#core/directory/set-states.ts";
import { type Hold, type Step, type Store, StoreError } from "#core/store/store.ts";
import { submitItemSchema } from "#domain/item.ts";
import { accountOfLane } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { earliestExpiry } from "./chunks.ts";
import { createDoubtPolicy } from "./doubt-policy.ts";
import { giveUp } from "./give-up.ts";
import { settleStep } from "./settle-step.ts";
import { type TakenApart, takeApart } from "./take-apart.ts";
import type { WorkContext } from "./work-context.ts";

const LEASE_MS = 15_000;
/** While there is something to find, and otherwise: an expiry is seen this late at most where no connector lives. */
const BUSY_MS = 1_000;
const IDLE_MS = 5_000;
/** Steps of CHUNK_ITEMS_MAX items in a round: 4,096 messages a second end, and live traffic keeps most of the set. */
const STEPS_MAX = 8;
/**
 * Our clock may be this far behind the set's. One that is further behind writes chunks again until it agrees. Beside an
 * item that cannot be read, and was the first to expire, another may lapse early by as much.
 */
const SKEW_MS_MAX = 2_000;

export interface SweepOptions {
  readonly store: Store;
  readonly owner: string;
}

/** Sweeps one set until `signal` aborts. Never throws. */
export async function runSweep(
  context: WorkContext,
  { signal, ...options }: SweepOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { clock, random, log } = context;
  while (!signal.aborted) {
    // A set that is away is asked again next time; its own loops say so.
    const found = await sweepRound(context, options).catch((error: unknown) => {
      if (!(error instanceof StoreError)) log.error("defect", { where: "sweep", error: String(error) });
      return 0;
    });
    await clock.sleep((found > 0 ? BUSY_MS : IDLE_MS) * (0.5 + random.fraction() / 2), signal);
  }
}

/** Returns how many chunks it settled. Throws StoreError. */
export async function sweepRound(context: WorkContext, { store, owner }: SweepOptions): Promise<number> {
  const { directory } = context;
  // Without a directory no doubt can be decided, and what a restored set holds may have been sent long ago.
  if (directory.current() === undefined || !maySend(directory.stateOf(store.set))) return 0;
  let settled = 0;
  for (let step = 0; step < STEPS_MAX; step++) {
    const holds = await store.claimOverdue({ itemsMax: CHUNK_ITEMS_MAX, leaseMs: LEASE_MS, owner });
    if (holds.length === 0) break;
    settled += (await settle(context, store, holds)).length;
  }
  return settled;
}

async function settle(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<readonly Hold[]> {
  const taken = new Map<Hold, TakenApart>(holds.map((hold) => [hold, takeOver(context, store, hold)]));
  const build = (some: readonly Hold[]): Step => {
    const parts = some.flatMap((hold) => taken.get(hold) ?? []);
    const acks = some.map((hold) => hold.lease);
    return { acks, events: parts.flatMap(({ events }) => events), chunks: parts.flatMap(({ chunks }) => chunks) };
  };
  const settled = await settleStep(context, { store, stage: "sweep", holds, build });
  for (const hold of settled) {
    const { expired = 0, returned = 0, buried = 0 } = taken.get(hold) ?? {};
    context.log.info("sweep.settled", { set: store.set, lane: hold.lane, expired, returned, buried });
  }
  return settled;
}

function takeOver({ clock, directory, mint }: WorkContext, store: Store, hold: Hold): TakenApart {
  if (accountOfLane(hold.lane) !== undefined) return giveUp({ mint, now: clock.now() + SKEW_MS_MAX }, hold);
  const readable = hold.items.flatMap((item) => submitItemSchema.safeParse(item).data ?? []);
  const now = clock.now();
  const first = earliestExpiry(readable) ?? now;
  // The set found by its own clock that the first expiry has passed: ours may not have seen it yet, and must not argue.
  const at = first <= now + SKEW_MS_MAX ? Math.max(first, now) : now;
  return takeApart(hold, { set: store.set, mint, policy: createDoubtPolicy(directory), now: at });
}
