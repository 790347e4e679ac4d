/**
 * Stage *submit* and *settle* for one provider: claims its lanes on every set, hands segments to the connector within
 * its window and never beyond a chunk's durable send mark, and settles as it goes. Alerts go first. Loops: a claim, a
 * settle and a renewal for each set, one pump for the provider. One that throws ends them all: a role that goes on
 * without one of its loops would hold chunks for ever.
 */
import { SEND_MARK_AHEAD_MAX } from "#domain/limits.ts";
import { claimLoop, SUBMIT_LEASE_MS } from "./claim-submits.ts";
import { type Engine, type HeldSet, isFull, type SubmitEngineDeps, settleHeld, undefinedIfAway } from "./held-set.ts";
import { clearHeld } from "./opt-outs.ts";
import { pumpLoop } from "./pump.ts";
import { createSignal } from "./signal.ts";

const RENEW_MS = SUBMIT_LEASE_MS / 3;
/**
 * Results are settled at most this often, so that one step carries many: at 1,000 a second, 40 of them. A link that is
 * fast enough for more waits for its marks instead: then half a window of them is enough for a step (`bench smpp`:
 * 6,200 a second instead of 1,955; 9,000 with claims that wait for no clock). Two settles in turn, each with half of
 * the window, cost the set a third more, 149 us a message instead of 111: a step has its price, so they go together.
 */
const SETTLE_GATHER_MS = 40;
/** Without a link for this long, what waits goes back to its lane, where another process may have one. */
const LINK_DOWN_MS = 5_000;
/**
 * On stopping, everything in hand is settled or given back within this; what is not is in doubt for the next holder.
 */
const DRAIN_MS = 20_000;
const DRAIN_LOOK_MS = 20;

/** Runs until `signal` aborts and everything in hand is settled or given back. Throws what a loop of it throws. */
export async function runSubmitEngine(deps: SubmitEngineDeps, signal: AbortSignal): Promise<void> {
  const sets = deps.stores.map(
    (store): HeldSet => ({
      store,
      chunks: new Set(),
      dirty: createSignal(),
      room: createSignal(),
      claiming: 0,
      unsaid: 0,
      onFull: undefined,
    }),
  );
  const engine: Engine = {
    ...{ deps, sets, wake: createSignal() },
    get ahead() {
      return Math.min(SEND_MARK_AHEAD_MAX, deps.connector.window);
    },
  };
  const failed = new AbortController();
  const drained = new AbortController();
  const stopped = AbortSignal.any([signal, failed.signal]);
  const over = AbortSignal.any([drained.signal, failed.signal]);
  const guard = (loop: Promise<void>): Promise<void> =>
    loop.catch((error: unknown) => {
      failed.abort();
      throw error;
    });

  const claims = sets.map((set) => guard(claimLoop(engine, set, stopped)));
  const background = [
    guard(pumpLoop(engine, stopped)),
    ...sets.flatMap((set) => [guard(settleLoop(engine, set, over)), guard(renewLoop(engine, set, over))]),
  ];
  const draining = Promise.all(claims)
    .then(() => drain(engine))
    .finally(() => drained.abort());
  await Promise.all([draining, ...background]);
}

async function settleLoop(engine: Engine, set: HeldSet, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await set.dirty.wait(signal);
    await gather(engine, set, signal);
    if (signal.aborted) return;
    await settleHeld(engine, set);
    set.room.set();
    const isCleared = await clearHeld(engine, set);
    // What the set refused is said again; its own retries have taken seconds by then.
    if (!isCleared || [...set.chunks].some((chunk) => !chunk.lost && chunk.wantsStep)) set.dirty.set();
    engine.wake.set();
  }
}

/** Until half a window has been answered, the time is up, or `signal` aborts. */
function gather(engine: Engine, set: HeldSet, signal: AbortSignal): Promise<void> {
  if (signal.aborted || isFull(engine, set)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      set.onFull = undefined;
      resolve();
    };
    const timer = engine.deps.clock.after(SETTLE_GATHER_MS, done);
    signal.addEventListener("abort", done);
    set.onFull = done;
  });
}

/** One timer for all leases of a set. Without a link there is nothing to hold them for. */
async function renewLoop(engine: Engine, set: HeldSet, signal: AbortSignal): Promise<void> {
  const { clock, connector } = engine.deps;
  let boundAt = clock.monotonic();
  while (!signal.aborted) {
    await clock.sleep(RENEW_MS, signal);
    if (connector.health === "bound") boundAt = clock.monotonic();
    else if (clock.monotonic() - boundAt >= LINK_DOWN_MS) for (const chunk of set.chunks) chunk.giveBack();
    await renew(engine, set);
    set.dirty.set();
  }
}

async function renew({ deps }: Engine, set: HeldSet): Promise<void> {
  const asked = [...set.chunks].filter((chunk) => !chunk.lost).map((chunk) => ({ chunk, hold: chunk.hold }));
  if (asked.length === 0) return;
  const holds = asked.map(({ hold }) => hold);
  const renewed = await set.store.renew(holds, SUBMIT_LEASE_MS).catch(undefinedIfAway);
  // A set that did not answer leaves our leases as they are: their deadlines say how long that is safe.
  if (renewed === undefined) return;
  const byToken = new Map(renewed.map((hold) => [`${hold.lease.chunk} ${hold.lease.token}`, hold]));
  for (const { chunk, hold } of asked) {
    const { lease } = chunk.hold;
    // We claimed it again ourselves while the set was answering: this answer is about the lease before.
    if (lease.token !== hold.lease.token) continue;
    // Acknowledged meanwhile, or about to be: not there any more is what it should be.
    if (chunk.isComplete) continue;
    const next = byToken.get(`${lease.chunk} ${lease.token}`);
    if (next === undefined) {
      chunk.lost = true;
      deps.log.info("claim.lease_lost", { set: set.store.set, lane: hold.lane, items: hold.items.length });
    } else chunk.hold = next;
  }
}

/** What is in flight is waited for and settled; what was never sent goes back to its lane as new, clean chunks. */
async function drain(engine: Engine): Promise<void> {
  const { clock, connector } = engine.deps;
  const end = clock.monotonic() + DRAIN_MS;
  await connector.drain();
  await Promise.all(
    engine.sets.map(async (set) => {
      while (set.chunks.size > 0 && clock.monotonic() < end) {
        for (const chunk of set.chunks) chunk.giveBack();
        set.dirty.set();
        await clock.sleep(DRAIN_LOOK_MS);
      }
    }),
  );
}
