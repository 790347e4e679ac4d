/**
 * Claims submit lanes of one set within the window, and takes up what it claimed: what it held before, it goes on with.
 * While the set may not send it claims nothing, and hands back what it holds and has not sent.
 */
import type { Hold } from "#core/store/store.ts";
import { takeApart } from "#core/worker/take-apart.ts";
import { untilWork } from "#core/worker/until-work.ts";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { type Lane, lanes, messageClasses } from "#domain/lane.ts";
import { HeldChunk } from "./held-chunk.ts";
import { type Engine, findHeld, type HeldSet, maySendFrom, undefinedIfAway } from "./held-set.ts";
import { findOptedOut, type IsOptedOut } from "./opt-outs.ts";

/** Covers an election of the set and a link that answers late; renewed at a third. */
export const SUBMIT_LEASE_MS = 15_000;
/** Lanes are looked at this often while the bell is out of order, and while there is no room for what it rang for. */
const POLL_MS = 40;
const AWAY_MS = 1_000;
/** While the set may not send, this often it is looked whether it may again, and what has come back is handed back. */
const REST_LOOK_MS = 250;
/** While messages keep coming, they are claimed at most this often: a claim that may send costs its set ~5 ms. */
const CLAIM_GATHER_MS = 25;

/** Claims until `signal` aborts. Throws only for a defect of ours. */
export async function claimLoop(engine: Engine, set: HeldSet, signal: AbortSignal): Promise<void> {
  const { clock, connector, log } = engine.deps;
  let away = false;
  const mayWork = (): boolean => maySendFrom(engine, set) && connector.health === "bound";
  using bell = set.store.bell(lanesOf(engine), { pollMs: POLL_MS });
  while (!signal.aborted) {
    if (!maySendFrom(engine, set)) {
      handBack(set);
      await clock.sleep(REST_LOOK_MS, signal);
      continue;
    }
    const wanted = wantedOf(engine, set);
    set.claiming = wanted?.segments ?? 0;
    const holds = wanted === undefined ? [] : await claim(engine, set, wanted);
    if (holds === undefined || holds.length === 0) endClaim(set);
    if (holds === undefined) {
      if (!away) log.error("set.unreachable", { set: set.store.set, code: "store_unreachable", doing: "submit" });
      away = true;
      await clock.sleep(AWAY_MS, signal);
      continue;
    }
    if (away && wanted !== undefined) {
      log.info("set.recovered", { set: set.store.set });
      away = false;
    }
    if (holds.length === 0) {
      // Room that comes free rings no bell, and what waits for it has rung already.
      if (wanted?.isAll === true) await untilWork(bell, { clock, signal, mayWork });
      else await untilRoom(engine, set, signal);
      continue;
    }
    await takeUp(engine, set, holds, signal);
    endClaim(set);
    engine.wake.set();
    // What a takeover left in doubt must be said before it is acted on.
    set.dirty.set();
    // Who got less than there was room for has emptied the lanes.
    const claimed = holds.reduce((sum, { items }) => sum + items.length, 0);
    if (claimed < (wanted?.segments ?? 0)) await clock.sleep(CLAIM_GATHER_MS, signal);
  }
}

/**
 * Until a step has made some, or POLL_MS have passed: a link may have come up, a window may have grown, an alert may be
 * there. A look every POLL_MS alone left a fast link without a chunk for 25 to 40 ms at the end of each (`bench smpp`:
 * 6,500 a second instead of 8,900).
 */
async function untilRoom(engine: Engine, set: HeldSet, signal: AbortSignal): Promise<void> {
  const waited = new AbortController();
  const over = AbortSignal.any([signal, waited.signal]);
  const timer = engine.deps.clock.after(POLL_MS, () => waited.abort());
  while (!over.aborted && wantedOf(engine, set)?.isAll !== true) await set.room.wait(over);
  timer.cancel();
}

/** A chunk may have waited for the room that the claim did not take. */
function endClaim(set: HeldSet): void {
  set.claiming = 0;
  if (set.chunks.size > 0) set.dirty.set();
}

/** The next settle returns it to its lane as new, clean chunks: so nothing is in doubt when the set sends again. */
function handBack(set: HeldSet): void {
  for (const chunk of set.chunks) chunk.giveBack();
  if (set.chunks.size > 0) set.dirty.set();
}

interface Wanted {
  /** In their order of preference. */
  readonly lanes: readonly Lane[];
  readonly segments: number;
  /** Whether there is room for every class. */
  readonly isAll: boolean;
}

/** Nothing without a link. */
function wantedOf(engine: Engine, set: HeldSet): Wanted | undefined {
  return engine.deps.connector.health === "bound" ? roomFor(engine, set) : undefined;
}

/**
 * What there is room for. Half a window at least: claims of a few messages each would cost more than the messages.
 * Alerts have a window of their own, so that bulk which waits for its answers keeps none from being claimed.
 */
function roomFor(engine: Engine, set: HeldSet): Wanted | undefined {
  const { ahead } = engine;
  const free = ahead - outstandingOf(set, false);
  if (free >= ahead / 2) return { lanes: lanesOf(engine), segments: free, isAll: true };
  const freeForAlerts = ahead - outstandingOf(set, true);
  return freeForAlerts >= ahead / 2
    ? { lanes: lanesOf(engine).slice(0, 1), segments: freeForAlerts, isAll: false }
    : undefined;
}

/** Alerts first. */
function lanesOf({ deps }: Engine): readonly Lane[] {
  return messageClasses.map((messageClass) => lanes.submit(deps.provider, messageClass));
}

/** Undefined: the set did not answer. */
async function claim({ deps }: Engine, { store }: HeldSet, wanted: Wanted): Promise<readonly Hold[] | undefined> {
  const { segments } = wanted;
  const request = {
    lanes: wanted.lanes,
    itemsMax: segments,
    leaseMs: SUBMIT_LEASE_MS,
    owner: deps.owner,
    markAhead: segments,
  };
  return store.claim(request).catch(undefinedIfAway);
}

function outstandingOf(set: HeldSet, urgent: boolean): number {
  let sum = 0;
  for (const chunk of set.chunks) if (chunk.isUrgent === urgent) sum += chunk.outstanding;
  return sum;
}

interface Fresh {
  readonly hold: Hold;
  readonly items: readonly SubmitItem[];
}

async function takeUp(engine: Engine, set: HeldSet, holds: readonly Hold[], signal: AbortSignal): Promise<void> {
  const { clock, policy } = engine.deps;
  const fresh: Fresh[] = [];
  for (const hold of holds) {
    const held = findHeld(set, hold.lease.chunk);
    if (held?.adopt(hold) === true) continue;
    // Somebody had it in between: what we know of it is no longer the whole truth.
    if (held !== undefined) held.lost = true;
    const items = parse(hold);
    if (items === undefined) await isolate(engine, set, hold);
    else fresh.push({ hold, items });
  }
  const isOptedOut = await askOptedOut(engine, set, fresh, signal);
  // The set has been away for as long as the leases: these are found again when it is back.
  if (isOptedOut === undefined) return;
  for (const { hold, items } of fresh) {
    set.chunks.add(new HeldChunk(hold, items, { policy, now: clock.now(), isOptedOut }));
  }
}

/** Undefined when the set did not answer before a lease ran out: nothing may be sent then. */
async function askOptedOut(
  { deps }: Engine,
  set: HeldSet,
  fresh: readonly Fresh[],
  signal: AbortSignal,
): Promise<IsOptedOut | undefined> {
  const { clock } = deps;
  const deadline = Math.min(...fresh.map(({ hold }) => hold.deadline));
  const items = fresh.flatMap((each) => each.items);
  for (;;) {
    const isOptedOut = await findOptedOut(set, items);
    if (isOptedOut !== undefined || signal.aborted || clock.monotonic() >= deadline) return isOptedOut;
    await clock.sleep(AWAY_MS, signal);
  }
}

/** Undefined when one of them cannot be read: positions count from all of them. */
function parse(hold: Hold): readonly SubmitItem[] | undefined {
  const parsed = submitItemSchema.array().safeParse(hold.items);
  return parsed.success ? parsed.data : undefined;
}

/**
 * A chunk with an item that cannot be read is taken apart: it is buried, its neighbours come back in a chunk that
 * can be read. Where the step is not committed, the chunk itself comes back.
 */
async function isolate({ deps }: Engine, set: HeldSet, hold: Hold): Promise<void> {
  const { clock, log, mint, policy } = deps;
  const { store } = set;
  const { events, chunks } = takeApart(hold, { set: store.set, mint, policy, now: clock.now() });
  const result = await store.commit({ acks: [hold.lease], events, chunks });
  const about = { set: store.set, lane: hold.lane };
  if (result.type === "committed") {
    const error = "a chunk with an item that is not of this lane";
    log.error("claim.poisoned", { ...about, item: hold.lease.chunk, error });
  } else if (result.type !== "lease_lost") log.error("claim.failed", { ...about, code: result.type });
}
