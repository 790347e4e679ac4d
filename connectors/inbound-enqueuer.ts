/**
 * Gathers what came back from a provider by set and enqueues it, one write in flight for each set. Every promise it
 * gives settles: a batch that no set takes, or that cannot be written at all, is rejected, and the next one goes on.
 * What has no set of its own goes to one that is up, and rather to one that takes nothing new than nowhere; never to
 * one that is retired.
 */
import { isInUse, type SetState, takesNew } from "#core/directory/set-states.ts";
import { fitChunks } from "#core/store/chunk-bounds.ts";
import type { NewChunk, Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { pick, type Random } from "#domain/random.ts";

/**
 * A write waits while more keeps coming: until it is quiet for a moment (a provider with a small window has then sent
 * what it may), the batch is large, or the time is up. A write costs its set ~5 ms of CPU whatever its size; with a
 * plain 10 ms they were half of all writes under load.
 */
const QUIET_MS = 6;
const GATHER_ITEMS = 64;
const GATHER_MAX_MS = 40;
/** What may wait for its write, in characters: ~25,000 receipts, minutes of a busy provider. */
const WAITING_CHARS_MAX = 8 * 1024 * 1024;

export interface EnqueuerDeps {
  readonly stores: readonly Store[];
  readonly region: string;
  /** What each set is used for now. */
  readonly stateOf: (set: SetId) => SetState;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: IdMint;
}

export interface Enqueuer {
  /** Resolves when a majority has it; rejects when no set took it, or at once when too much waits already. */
  enqueue(item: object, wanted: SetId | undefined): Promise<void>;
}

/** The sets do not keep up: the provider must send it again, later. */
class InboundFullError extends Error {
  readonly code = "inbound_full";
  readonly retryable = true;

  constructor(lane: Lane) {
    super(`Cannot enqueue on lane ${lane} as more than ${WAITING_CHARS_MAX} characters wait for it already`);
    this.name = "InboundFullError";
  }
}

/** Every set is retired, which is a mistake of whoever said so: the provider keeps it. */
class NoSetError extends Error {
  readonly code = "inbound_no_set";
  readonly retryable = true;

  constructor(lane: Lane) {
    super(`Cannot enqueue on lane ${lane} as every set is retired`);
    this.name = "NoSetError";
  }
}

interface Waiting {
  readonly item: object;
  readonly chars: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export function createEnqueuer(deps: EnqueuerDeps, lane: Lane): Enqueuer {
  const waiting = new Map<Store, Waiting[]>();
  const busy = new Set<Store>();
  let waitingChars = 0;

  async function flush(store: Store, queue: Waiting[]): Promise<void> {
    if (busy.has(store)) return;
    busy.add(store);
    try {
      while (queue.length > 0) {
        await gather(deps.clock, queue);
        const [batch = []] = fitChunks(queue.slice(0, CHUNK_ITEMS_MAX), ({ chars }) => chars);
        queue.splice(0, batch.length);
        await settle(store, batch);
      }
    } finally {
      busy.delete(store);
    }
  }

  async function settle(store: Store, batch: readonly Waiting[]): Promise<void> {
    try {
      await write(deps, store, { id: deps.mint.chunkId(), lane, items: batch.map(({ item }) => item) });
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { chars } of batch) waitingChars -= chars;
    }
  }

  return {
    async enqueue(item, wanted) {
      const chars = JSON.stringify(item).length + 1;
      const store = chooseStore(deps, wanted);
      if (store === undefined) throw new NoSetError(lane);
      if (waitingChars + chars > WAITING_CHARS_MAX) throw new InboundFullError(lane);
      const queue = waiting.get(store) ?? [];
      waiting.set(store, queue);
      const written = Promise.withResolvers<void>();
      queue.push({ item, chars, resolve: written.resolve, reject: written.reject });
      waitingChars += chars;
      void flush(store, queue);
      return written.promise;
    },
  };
}

async function gather(clock: Clock, queue: readonly unknown[]): Promise<void> {
  const end = clock.monotonic() + GATHER_MAX_MS;
  for (let before = -1; queue.length > before && queue.length < GATHER_ITEMS && clock.monotonic() < end; ) {
    before = queue.length;
    await clock.sleep(QUIET_MS);
  }
}

/** Throws when no set is known to have it: the provider must send it again. Twice is as once, by the fold. */
async function write(deps: EnqueuerDeps, store: Store, chunk: NewChunk): Promise<void> {
  let error: unknown;
  for (const target of [store, ...alternatives(deps, store)]) {
    const result = await target.commit({ chunks: [chunk] });
    if (result.type === "committed") return;
    error = "error" in result ? result.error : undefined;
  }
  throw error;
}

/** Undefined: every set is retired. */
function chooseStore(deps: EnqueuerDeps, wanted: SetId | undefined): Store | undefined {
  const own = deps.stores.find(({ set }) => set === wanted);
  if (own !== undefined && isInUse(deps.stateOf(own.set))) return own;
  return pick(preferences(deps).find((stores) => stores.length > 0) ?? [], deps.random);
}

/** Any set will do for what is matched later anyway. */
function alternatives(deps: EnqueuerDeps, tried: Store): readonly Store[] {
  return preferences(deps)
    .flat()
    .filter((store) => store !== tried);
}

/** The sets in use, best first: those that are up, and of each the near ones. */
function preferences({ stores, region, stateOf }: EnqueuerDeps): readonly (readonly Store[])[] {
  const isNear = (store: Store): boolean => store.region === region;
  const used = stores.filter(({ set }) => isInUse(stateOf(set)));
  const up = used.filter(({ set }) => takesNew(stateOf(set)));
  const others = used.filter((store) => !up.includes(store));
  return [up, others].flatMap((some) => [some.filter(isNear), some.filter((store) => !isNear(store))]);
}
