/** Claims submit lanes of one set within the window, and takes up what it claimed: what it held before, it goes on with. */
import { type Hold, optOutKey } from "#core/store/store.ts";
import { deadChunks } from "#core/worker/chunks.ts";
import { toDead } from "#core/worker/poison.ts";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import { HeldChunk } from "./held-chunk.ts";
import { type Engine, findHeld, type HeldSet } from "./held-set.ts";

/** Covers an election of the set and a link that answers late; renewed at a third. */
export const SUBMIT_LEASE_MS = 15_000;
const IDLE_FIRST_MS = 5;
const IDLE_MAX_MS = 60;
const AWAY_MS = 1_000;
/** While messages keep coming, they are claimed at most this often. */
const CLAIM_GATHER_MS = 30;
const ALERT_CLAIM_GATHER_MS = 15;
/** Every so many claims only the last lane is looked at: it must not starve behind the others. */
const FAIR_CLAIM = 4;

export interface ClaimSource {
  readonly set: HeldSet;
  readonly urgent: boolean;
  /** In the order of their preference. */
  readonly lanes: readonly Lane[];
}

/** Claims until `signal` aborts. Throws only for a defect of ours. */
export async function claimLoop(engine: Engine, source: ClaimSource, signal: AbortSignal): Promise<void> {
  const { clock, connector, log } = engine.deps;
  const { set, urgent } = source;
  let idleMs = IDLE_FIRST_MS;
  let away = false;
  let claims = 0;
  const idle = async (): Promise<void> => {
    await clock.sleep(idleMs, signal);
    idleMs = Math.min(IDLE_MAX_MS, idleMs * 2);
  };
  while (!signal.aborted) {
    const budget = engine.ahead - outstandingOf(set, urgent);
    // Half a window at least: claims of a few messages each would cost more than the messages.
    if (connector.health !== "bound" || budget < engine.ahead / 2) {
      await idle();
      continue;
    }
    claims += 1;
    const lanes = claims % FAIR_CLAIM === 0 ? source.lanes.slice(-1) : source.lanes;
    const holds = await claim(engine, { set, lanes, budget });
    if (holds === undefined) {
      if (!away) log.error("set.unreachable", { set: set.store.set, code: "store_unreachable", doing: "submit" });
      away = true;
      await clock.sleep(AWAY_MS, signal);
      continue;
    }
    if (away) log.info("set.recovered", { set: set.store.set });
    away = false;
    if (holds.length === 0) await idle();
    else {
      idleMs = IDLE_FIRST_MS;
      await takeUp(engine, set, holds);
      engine.wake.set();
      // What a takeover left in doubt must be said before it is acted on.
      set.dirty.set();
      await clock.sleep(urgent ? ALERT_CLAIM_GATHER_MS : CLAIM_GATHER_MS, signal);
    }
  }
}

/** Undefined: the set did not answer. */
async function claim(
  { deps }: Engine,
  options: { readonly set: HeldSet; readonly lanes: readonly Lane[]; readonly budget: number },
): Promise<readonly Hold[] | undefined> {
  const { lanes, budget, set } = options;
  const request = { lanes, itemsMax: budget, leaseMs: SUBMIT_LEASE_MS, owner: deps.owner, markAhead: budget };
  return set.store.claim(request).catch(() => undefined);
}

/** Alerts and the rest have a budget each, so that neither starves the other. */
function outstandingOf(set: HeldSet, urgent: boolean): number {
  let sum = 0;
  for (const chunk of set.chunks) if (chunk.isUrgent === urgent) sum += chunk.outstanding;
  return sum;
}

async function takeUp(engine: Engine, set: HeldSet, holds: readonly Hold[]): Promise<void> {
  const { clock, policy } = engine.deps;
  const fresh: { readonly hold: Hold; readonly items: readonly SubmitItem[] }[] = [];
  for (const hold of holds) {
    const held = findHeld(set, hold.lease.chunk);
    if (held?.adopt(hold) === true) continue;
    // Somebody had it in between: what we know of it is no longer the whole truth.
    if (held !== undefined) held.lost = true;
    const items = parse(hold);
    if (items === undefined) await bury(engine, set, hold);
    else fresh.push({ hold, items });
  }
  const optedOut = await findOptedOut(
    set,
    fresh.flatMap(({ items }) => items),
  );
  const isOptedOut = (item: SubmitItem): boolean => optedOut.has(optOutKey(item.account, item.to));
  for (const { hold, items } of fresh) {
    set.chunks.add(new HeldChunk(hold, items, { policy, now: clock.now(), isOptedOut }));
  }
}

/** A set that went away between the claim and this answers nothing; the worker asked when it routed. */
async function findOptedOut({ store }: HeldSet, items: readonly SubmitItem[]) {
  const keys = [...new Set(items.map((item) => optOutKey(item.account, item.to)))];
  return store.optedOut(keys).catch(() => new Set());
}

/** Positions count from the items: one that cannot be read makes the whole chunk unreadable. */
function parse(hold: Hold): readonly SubmitItem[] | undefined {
  const parsed = submitItemSchema.array().safeParse(hold.items);
  return parsed.success ? parsed.data : undefined;
}

async function bury({ deps }: Engine, set: HeldSet, hold: Hold): Promise<void> {
  const error = "a chunk with an item that is not of this lane";
  const dead = hold.items.map((item) => toDead(hold, item, error, deps.clock.now()));
  await set.store.commit({ acks: [hold.lease], chunks: deadChunks(deps.mint, dead) });
  deps.log.error("claim.poisoned", { set: set.store.set, lane: hold.lane, item: hold.lease.chunk, error });
}
