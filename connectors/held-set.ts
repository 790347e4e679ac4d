/** What a submit engine shares between its loops: its means, and for each set the chunks that it holds there. */
import { maySend, type SetState } from "#core/directory/set-states.ts";
import type { Counter, Histogram } from "#core/metrics/metrics.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { DoubtPolicy } from "#core/worker/doubt-policy.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId, ChunkId, IdMint, MessageId, ProviderId, SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Connector } from "./connector.ts";
import type { HeldChunk } from "./held-chunk.ts";
import { settleChunks } from "./settle-chunks.ts";
import type { Signal } from "./signal.ts";

export interface SubmitEngineDeps {
  readonly provider: ProviderId;
  readonly connector: Connector;
  readonly stores: readonly Store[];
  /** What each set is used for now. Asked before every claim and every submit. */
  readonly stateOf: (set: SetId) => SetState;
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly owner: string;
  readonly policy: DoubtPolicy;
  /** Told of every segment the provider took, so that its receipt finds it. */
  readonly onSubmitted: (
    providerMessageId: string,
    submitted: { readonly message: MessageId; readonly segment: number; readonly notify?: AccountId },
  ) => void;
  readonly submits: Counter;
  readonly settleSeconds: Histogram;
}

/** One set and the chunks of it that are in hand. */
export interface HeldSet {
  readonly store: Store;
  readonly chunks: Set<HeldChunk>;
  /** Something may want to be settled. */
  readonly dirty: Signal;
  /** A step may have made room for a claim. */
  readonly room: Signal;
  /** Segments that a claim under way may mark. */
  claiming: number;
  /** Results that no step has said yet. */
  unsaid: number;
  /** Called when they are enough for a step. */
  onFull: (() => void) | undefined;
}

export interface Engine {
  readonly deps: SubmitEngineDeps;
  readonly sets: readonly HeldSet[];
  /** Something may have become sendable. */
  readonly wake: Signal;
  /**
   * How far the marks of a set's chunks together run ahead of what is settled, at present; alerts have as much of their
   * own.
   */
  readonly ahead: number;
}

/** Half a window of results: while their step is under way, the other half may be. */
export function isFull({ ahead }: Engine, { unsaid }: HeldSet): boolean {
  return unsaid > 0 && unsaid >= ahead / 2;
}

export function findHeld(set: HeldSet, id: ChunkId): HeldChunk | undefined {
  for (const chunk of set.chunks) if (!chunk.lost && chunk.hold.lease.chunk === id) return chunk;
  return undefined;
}

/** A set that is away is waited for; anything else is a defect, and ends the engine. */
export function undefinedIfAway(error: unknown): undefined {
  if (!(error instanceof StoreError)) throw error;
  return undefined;
}

/** Whether anything may be claimed and sent from the set. What is in flight is settled whatever this says. */
export function maySendFrom({ deps }: Engine, { store }: HeldSet): boolean {
  return maySend(deps.stateOf(store.set));
}

/** Our own fence: a process that was paused past its lease must not go on as if nothing had happened. */
export function mayUse(engine: Engine, chunk: HeldChunk): boolean {
  return !chunk.lost && engine.deps.clock.monotonic() < chunk.hold.deadline;
}

export async function settleHeld(engine: Engine, set: HeldSet): Promise<void> {
  const { clock, settleSeconds } = engine.deps;
  const startedAt = clock.monotonic();
  const { store, claiming } = set;
  set.unsaid = 0;
  const gone = await settleChunks({ ...engine.deps, store, claiming, ahead: engine.ahead }, [...set.chunks]);
  for (const chunk of gone) set.chunks.delete(chunk);
  settleSeconds.observe((clock.monotonic() - startedAt) / 1_000);
}
