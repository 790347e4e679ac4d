/** Commits the step of several holds and deals with every answer the store can give. */
import type { CommitResult, Hold, Step, Store } from "#core/store/store.ts";
import type { WorkContext } from "./work-context.ts";

/** A step that the set refused is tried again after this: its own retries took 3 s already. */
const FAILED_RETRY_MS = 1_000;
/**
 * A step whose keys are taken is built so often, as is one whose money others have spent; each time another message was
 * cancelled, or another worker paid, at that very moment.
 */
const BUILDS_MAX = 5;

/**
 * Commits `build(holds)`. Where one of several leases was lost, the holds are processed one by one, so that the others
 * do not wait for their leases to lapse. A step of unknown outcome is left alone: its chunks are gone, or come back.
 * Returns the holds that were committed.
 */
export async function settleStep(
  context: WorkContext,
  options: {
    readonly store: Store;
    readonly stage: string;
    readonly holds: readonly Hold[];
    /** Asked again where a key of the step was taken meanwhile: by then its taker has said what became of it. */
    readonly build: (holds: readonly Hold[]) => Step | Promise<Step>;
    /** Told what became of each step. With it, one that an allotment was too poor for is built again. */
    readonly learn?: (step: Step, result: CommitResult["type"]) => void;
  },
  built = 1,
): Promise<readonly Hold[]> {
  const { store, holds, stage } = options;
  const items = holds.reduce((sum, hold) => sum + hold.items.length, 0);
  const startedAt = context.clock.monotonic();
  const step = await options.build(holds);
  context.buildSeconds.observe((context.clock.monotonic() - startedAt) / 1_000, { stage });
  const result = await store.commit(step);
  context.items.add(items, { stage, outcome: result.type });
  options.learn?.(step, result.type);
  switch (result.type) {
    case "committed":
      return holds;
    case "lease_lost": {
      // Nobody holds for us what was taken tentatively: what is left of it is found by the next claim.
      if (holds.length === 1 || holds[0]?.lease.tentative) {
        context.log.info("claim.lease_lost", { set: store.set, lane: holds[0]?.lane ?? stage, items });
        return [];
      }
      const settled: Hold[] = [];
      for (const hold of holds) settled.push(...(await settleStep(context, { ...options, holds: [hold] })));
      return settled;
    }
    case "failed":
      context.log.error("claim.failed", { set: store.set, lane: stage, code: result.error.code });
      await store.release(
        holds.map((hold) => hold.lease),
        FAILED_RETRY_MS,
      );
      return [];
    case "credit_short":
    case "key_taken":
      if (result.type === "credit_short" && options.learn === undefined) {
        throw new RangeError(`Cannot settle ${stage} as its step met '${result.type}', which no stage asks for`);
      }
      if (built < BUILDS_MAX) return settleStep(context, options, built + 1);
      context.log.error("claim.failed", { set: store.set, lane: stage, code: result.type });
      await store.release(
        holds.map((hold) => hold.lease),
        FAILED_RETRY_MS,
      );
      return [];
    case "unknown":
      context.log.error("claim.failed", { set: store.set, lane: stage, code: "outcome_unknown" });
      return [];
  }
}
