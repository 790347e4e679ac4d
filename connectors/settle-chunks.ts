/** One settle: everything there is to say of a set's held chunks in one step, and what follows from the answer. */

import type { NewChunk, Step, Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import type { IdMint } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import type { Logger } from "#domain/log.ts";
import type { Deferral, HeldChunk, HeldChunkStep } from "./held-chunk.ts";

interface SettleDeps {
  readonly store: Store;
  readonly mint: IdMint;
  readonly log: Logger;
  /** How far the send mark runs ahead of what is settled. */
  readonly ahead: number;
}

/** Settles what wants settling and returns the chunks that are done with: acknowledged, or another's. */
export async function settleChunks(deps: SettleDeps, chunks: readonly HeldChunk[]): Promise<readonly HeldChunk[]> {
  const lost = chunks.filter((chunk) => chunk.lost);
  const open = chunks.filter((chunk) => !chunk.lost && chunk.wantsStep);
  const gone = [...(await settleTogether(deps, open))];
  for (const chunk of lost) {
    // Answers to what is in flight are facts, whoever holds the chunk now.
    if (await sayWhatHappened(deps, chunk)) gone.push(chunk);
  }
  return gone;
}

async function settleTogether(deps: SettleDeps, chunks: readonly HeldChunk[]): Promise<readonly HeldChunk[]> {
  if (chunks.length === 0) return [];
  const steps = chunks.map((chunk) => ({ chunk, step: chunk.nextStep(deps.ahead) }));
  const result = await deps.store.commit(
    toStep(
      deps.mint,
      steps.map(({ step }) => step),
    ),
  );
  switch (result.type) {
    case "committed":
      for (const { chunk, step } of steps) chunk.stepCommitted(step.receipt);
      logDoubts(
        deps,
        steps.map(({ step }) => step),
      );
      return steps.flatMap(({ chunk, step }) => (step.complete ? [chunk] : []));
    case "lease_lost": {
      if (chunks.length > 1) {
        const gone: HeldChunk[] = [];
        for (const chunk of chunks) gone.push(...(await settleTogether(deps, [chunk])));
        return gone;
      }
      for (const chunk of chunks) {
        chunk.lost = true;
        deps.log.info("claim.lease_lost", {
          set: deps.store.set,
          lane: chunk.hold.lane,
          items: chunk.hold.items.length,
        });
      }
      return [];
    }
    case "failed":
    case "unknown":
      // Said again with the next settle: events fold, marks only rise, and an acknowledged chunk answers lease_lost.
      deps.log.error("claim.failed", { set: deps.store.set, lane: "settle", code: result.error.code });
      return [];
  }
}

/** True when nothing more can come of it. */
async function sayWhatHappened(deps: SettleDeps, chunk: HeldChunk): Promise<boolean> {
  const { events, receipt } = chunk.nextStep(0);
  const facts = events.filter((event) => event.type === "submitted" || event.type === "refused");
  if (facts.length > 0) {
    const result = await deps.store.commit({ events: facts });
    if (result.type !== "committed") return false;
  }
  chunk.stepCommitted(receipt);
  return chunk.inFlight === 0;
}

function toStep(mint: IdMint, steps: readonly HeldChunkStep[]): Step {
  const events = steps.flatMap((step) => step.events);
  return {
    acks: steps.flatMap((step) => (step.complete ? [step.mark.lease] : [])),
    marks: steps.flatMap((step) => (step.complete ? [] : [step.mark])),
    events,
    chunks: steps.flatMap((step) => deferralChunks(mint, step.deferrals)),
  };
}

function deferralChunks(mint: IdMint, deferrals: readonly Deferral[]): readonly NewChunk[] {
  const groups = Map.groupBy(deferrals, ({ item, delayMs }) => `${item.class} ${delayMs}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const lane = lanes.submit(first.item.provider, first.item.class);
    return toSubmitChunks(
      mint,
      lane,
      group.map(({ item }) => item),
      first.delayMs,
    );
  });
}

/** Acknowledges a chunk and puts what was never sent of it back on its lane. */
export function toReturnStep(mint: IdMint, chunk: HeldChunk, rest: readonly Deferral[]): Step {
  const { events } = chunk.nextStep(0);
  return { acks: [chunk.hold.lease], events, chunks: deferralChunks(mint, rest) };
}

function logDoubts(deps: SettleDeps, steps: readonly HeldChunkStep[]): void {
  const doubts = steps.flatMap((step) => step.events.flatMap((event) => (event.type === "in_doubt" ? [event] : [])));
  const [first] = doubts;
  if (first === undefined) return;
  deps.log.info("submit.in_doubt", { provider: first.provider, segments: doubts.length, reason: first.reason });
}
