/**
 * Stage *submit* and *settle* for one provider: claims its lanes on every set, hands segments to the connector within
 * its window and never beyond a chunk's durable send mark, and settles as it goes. Alerts are claimed apart and go
 * first. Loops: two claims a set (alerts, the rest), one settle a set, one renewal a set, one pump for the provider.
 */

import type { Counter, Histogram } from "#core/metrics/metrics.ts";
import type { Hold, Store } from "#core/store/store.ts";
import { deadChunks } from "#core/worker/chunks.ts";
import { toDead } from "#core/worker/poison.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, MessageId, ProviderId } from "#domain/ids.ts";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { SEND_MARK_AHEAD_MAX } from "#domain/limits.ts";
import type { Logger } from "#domain/log.ts";
import type { Connector, OutboundSegment, SubmitResult } from "./connector.ts";
import { type DoubtPolicy, HeldChunk, type Position } from "./held-chunk.ts";
import { settleChunks, toReturnStep } from "./settle-chunks.ts";
import { createSignal, type Signal } from "./signal.ts";

/** Covers an election of the set and a link that answers late; renewed at a third. */
const LEASE_MS = 15_000;
const RENEW_MS = LEASE_MS / 3;
const IDLE_FIRST_MS = 5;
const IDLE_MAX_MS = 50;
const AWAY_MS = 1_000;
/** Results are settled at most this often, so that one step carries many: at 1,000 a second, 20 of them. */
const SETTLE_GATHER_MS = 20;
/** After "too fast" the provider is left alone for this long; the segment stays in its hold. */
const THROTTLE_PAUSE_MS = 500;
/** On stopping, what is in flight is waited for this long. */
const DRAIN_MS = 10_000;

export interface SubmitEngineDeps {
  readonly provider: ProviderId;
  readonly connector: Connector;
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly owner: string;
  readonly policy: DoubtPolicy;
  /** Segments that may be unanswered at once: binds × window. Also how far the send mark runs ahead. */
  readonly window: number;
  /** Told of every segment the provider took, so that its receipt finds it. */
  readonly onSubmitted: (
    providerMessageId: string,
    submitted: { readonly message: MessageId; readonly segment: number },
  ) => void;
  readonly submits: Counter;
  readonly settleSeconds: Histogram;
}

interface SetWork {
  readonly store: Store;
  readonly chunks: Set<HeldChunk>;
  readonly dirty: Signal;
  /** The alerts among them. */
  readonly urgent: Set<HeldChunk>;
}

/** Runs until `signal` aborts and everything in hand is settled or given back. */
export async function runSubmitEngine(deps: SubmitEngineDeps, signal: AbortSignal): Promise<void> {
  const { provider } = deps;
  const ahead = Math.min(SEND_MARK_AHEAD_MAX, deps.window);
  const wake = createSignal();
  const works = deps.stores.map(
    (store): SetWork => ({ store, chunks: new Set(), urgent: new Set(), dirty: createSignal() }),
  );
  const drained = new AbortController();
  const engine: Engine = { deps, works, wake, ahead, drained: drained.signal, pausedUntil: 0 };

  const claims = works.flatMap((work) => [
    claimLoop(engine, { work, urgent: true, lanes: [lanes.submit(provider, "alert")], signal }),
    claimLoop(engine, {
      work,
      urgent: false,
      lanes: [lanes.submit(provider, "transactional"), lanes.submit(provider, "bulk")],
      signal,
    }),
  ]);
  const background = [
    pumpLoop(engine, signal),
    ...works.flatMap((work) => [settleLoop(engine, work), renewLoop(engine, work)]),
  ];
  await Promise.all(claims);
  await drain(engine);
  drained.abort();
  for (const work of works) work.dirty.set();
  wake.set();
  await Promise.all(background);
}

interface Engine {
  readonly deps: SubmitEngineDeps;
  readonly works: readonly SetWork[];
  /** Something may have become sendable. */
  readonly wake: Signal;
  readonly ahead: number;
  readonly drained: AbortSignal;
  /** By the monotonic clock: the provider asked for a rest. */
  pausedUntil: number;
}

async function claimLoop(
  engine: Engine,
  options: {
    readonly work: SetWork;
    readonly urgent: boolean;
    readonly lanes: readonly Lane[];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { deps, ahead } = engine;
  const { work, signal } = options;
  let idleMs = IDLE_FIRST_MS;
  let away = false;
  while (!signal.aborted) {
    const budget = ahead - outstandingOf(work, options.urgent);
    // Half a window at least: claims of a few messages each would cost more than the messages.
    if (deps.connector.health !== "bound" || budget < ahead / 2) {
      await deps.clock.sleep(idleMs, signal);
      idleMs = Math.min(IDLE_MAX_MS, idleMs * 2);
      continue;
    }
    try {
      const claim = { lanes: options.lanes, itemsMax: budget, leaseMs: LEASE_MS, owner: deps.owner, markAhead: budget };
      const holds = await work.store.claim(claim);
      if (away) deps.log.info("set.recovered", { set: work.store.set });
      away = false;
      for (const hold of holds) await takeUp(engine, work, hold, options.urgent);
      if (holds.length > 0) {
        idleMs = IDLE_FIRST_MS;
        engine.wake.set();
        // What the takeover left in doubt must be said before it is acted on.
        work.dirty.set();
        if (!options.urgent) await deps.clock.sleep(SETTLE_GATHER_MS, signal);
        continue;
      }
      await deps.clock.sleep(idleMs, signal);
      idleMs = Math.min(IDLE_MAX_MS, idleMs * 2);
    } catch {
      if (!away) deps.log.error("set.unreachable", { set: work.store.set, code: "store_unreachable", doing: "submit" });
      away = true;
      await deps.clock.sleep(AWAY_MS, signal);
    }
  }
}

/** Alerts and the rest have a budget each, so that neither starves the other. */
function outstandingOf(work: SetWork, urgent: boolean): number {
  let sum = 0;
  for (const chunk of work.chunks) if (work.urgent.has(chunk) === urgent) sum += chunk.outstanding;
  return sum;
}

async function takeUp(engine: Engine, work: SetWork, hold: Hold, urgent: boolean): Promise<void> {
  const { clock, policy, mint } = engine.deps;
  const items: SubmitItem[] = [];
  for (const item of hold.items) {
    const parsed = submitItemSchema.safeParse(item);
    if (parsed.success) items.push(parsed.data);
    else {
      // Positions count from the items: one that cannot be read makes the whole chunk unreadable.
      const dead = hold.items.map((one) =>
        toDead(hold, one, "a chunk with an item that is not of this lane", clock.now()),
      );
      await work.store.commit({ acks: [hold.lease], chunks: deadChunks(mint, dead) });
      engine.deps.log.error("claim.poisoned", {
        set: work.store.set,
        lane: hold.lane,
        item: hold.lease.chunk,
        error: parsed.error.message,
      });
      return;
    }
  }
  const chunk = new HeldChunk(hold, items, { policy, now: clock.now() });
  work.chunks.add(chunk);
  if (urgent) work.urgent.add(chunk);
}

/** Hands segments over for as long as the connector has free slots and something may go. */
async function pumpLoop(engine: Engine, signal: AbortSignal): Promise<void> {
  const { connector, clock } = engine.deps;
  while (!engine.drained.aborted && !signal.aborted) {
    await connector.untilFreeSlot(signal);
    const restMs = engine.pausedUntil - clock.monotonic();
    if (restMs > 0) {
      await clock.sleep(restMs, signal);
      continue;
    }
    let sent = 0;
    while (connector.freeSlots > 0 && engine.pausedUntil <= clock.monotonic() && sendNext(engine)) sent += 1;
    if (sent === 0) await engine.wake.wait(signal);
  }
}

function sendNext(engine: Engine): boolean {
  const now = engine.deps.clock.now();
  for (const urgent of [true, false]) {
    for (const work of engine.works) {
      for (const chunk of urgent ? work.urgent : work.chunks) {
        if (!mayUse(engine, chunk)) continue;
        const position = chunk.takeNext(now);
        if (position !== undefined) {
          void send(engine, work, chunk, position);
          return true;
        }
        if (chunk.wantsStep) work.dirty.set();
      }
    }
  }
  return false;
}

/** Our own fence: a process that was paused past its lease must not go on as if nothing had happened. */
function mayUse(engine: Engine, chunk: HeldChunk): boolean {
  return !chunk.lost && engine.deps.clock.monotonic() < chunk.hold.deadline;
}

async function send(engine: Engine, work: SetWork, chunk: HeldChunk, position: Position): Promise<void> {
  const { connector, clock, submits, onSubmitted } = engine.deps;
  const result = await connector.submit(toSegment(position, clock.now()), () => mayUse(engine, chunk));
  submits.add(1, { provider: connector.provider, result: result.type });
  const { item, segment } = position;
  if (result.type === "accepted") onSubmitted(result.providerMessageId, { message: item.id, segment });
  if (isThrottle(result)) engine.pausedUntil = clock.monotonic() + THROTTLE_PAUSE_MS;
  chunk.record(position, result, clock.now());
  if (chunk.wantsStep) work.dirty.set();
  engine.wake.set();
}

function isThrottle(result: SubmitResult): boolean {
  return result.type === "refused" && result.class === "throttle";
}

function toSegment(position: Position, now: number): OutboundSegment {
  const { item, segment, segments, encoding, part } = position;
  const validitySeconds =
    item.expireAt === undefined ? undefined : Math.max(1, Math.ceil((item.expireAt - now) / 1_000));
  return {
    messageId: item.id,
    segment,
    segments,
    to: item.to,
    from: item.from,
    encoding,
    part,
    concatReference: concatReference(item.id),
    urgent: item.class === "alert",
    ...(validitySeconds === undefined ? {} : { validitySeconds }),
  };
}

/** From the id, so that a segment sent again joins the parts of the first time. */
function concatReference(id: MessageId): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) % 256;
  return hash;
}

async function settleLoop(engine: Engine, work: SetWork): Promise<void> {
  const { clock } = engine.deps;
  while (!engine.drained.aborted) {
    await work.dirty.wait(engine.drained);
    if (work.urgent.size === 0) await clock.sleep(SETTLE_GATHER_MS, engine.drained);
    await settle(engine, work);
    // What the set refused is said again; its own retries have taken seconds by then.
    if ([...work.chunks].some((chunk) => !chunk.lost && chunk.wantsStep)) work.dirty.set();
    engine.wake.set();
  }
}

async function settle(engine: Engine, work: SetWork): Promise<void> {
  const startedAt = engine.deps.clock.monotonic();
  const gone = await settleChunks({ ...engine.deps, store: work.store, ahead: engine.ahead }, [...work.chunks]);
  for (const chunk of gone) {
    work.chunks.delete(chunk);
    work.urgent.delete(chunk);
  }
  engine.deps.settleSeconds.observe((engine.deps.clock.monotonic() - startedAt) / 1_000);
}

/** One timer for all leases of a set. */
async function renewLoop(engine: Engine, work: SetWork): Promise<void> {
  while (!engine.drained.aborted) {
    await engine.deps.clock.sleep(RENEW_MS, engine.drained);
    const chunks = [...work.chunks];
    if (chunks.length === 0) continue;
    const renewed = await work.store
      .renew(
        chunks.map((chunk) => chunk.hold),
        LEASE_MS,
      )
      .catch(() => undefined);
    // A set that did not answer keeps our leases as they are: their deadlines say how long that is safe.
    if (renewed === undefined) continue;
    const byChunk = new Map(renewed.map((hold) => [hold.lease.chunk, hold]));
    for (const chunk of chunks) {
      const hold = byChunk.get(chunk.hold.lease.chunk);
      if (hold === undefined) chunk.lost = true;
      else chunk.hold = hold;
    }
    work.dirty.set();
  }
}

/** What is in flight is waited for and settled; what was never sent goes back to its lane as new, clean chunks. */
async function drain(engine: Engine): Promise<void> {
  const { clock, connector, mint } = engine.deps;
  await connector.drain();
  const end = clock.monotonic() + DRAIN_MS;
  for (const work of engine.works) {
    while ([...work.chunks].some((chunk) => chunk.inFlight > 0) && clock.monotonic() < end) await clock.sleep(10);
    await settle(engine, work);
    for (const chunk of work.chunks) {
      const rest = chunk.remainder();
      if (rest === undefined || chunk.lost) continue;
      await work.store.commit(toReturnStep(mint, chunk, rest));
      work.chunks.delete(chunk);
    }
  }
}
