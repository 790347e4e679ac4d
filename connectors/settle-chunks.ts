/** One settle: everything there is to say of a set's held chunks in one step, and what follows from the answer. */
import type { CommitResult, NewChunk, Settled, Step, Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { noticeChunks, noticesOf, waitingOf } from "#core/worker/notices.ts";
import { refundChunks } from "#core/worker/refund-chunks.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { IdMint } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import type { Logger } from "#domain/log.ts";
import type { Deferral, HeldChunk, HeldChunkStep } from "./held-chunk.ts";

interface SettleDeps {
  readonly store: Store;
  readonly mint: IdMint;
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  /** How far the send marks of all chunks together run ahead of what is settled; alerts have as much of their own. */
  readonly ahead: number;
  /** What a claim that is under way may mark. */
  readonly claiming: number;
}

/** Settles what wants settling and returns the chunks that are done with: acknowledged, or another's. */
export async function settleChunks(deps: SettleDeps, chunks: readonly HeldChunk[]): Promise<readonly HeldChunk[]> {
  const open = chunks.filter((chunk) => !chunk.lost && chunk.wantsStep);
  const gone = [...(await settleTogether(deps, open, shareRoom(deps, chunks)))];
  // Answers to what was in flight are facts, whoever holds the chunk now.
  for (const chunk of chunks.filter(({ lost }) => lost)) if (await sayWhatHappened(deps, chunk)) gone.push(chunk);
  return gone;
}

/** The next step of a chunk that is held; undefined: it would say nothing. */
type NextStep = (chunk: HeldChunk) => HeldChunkStep | undefined;

/**
 * Marks rise within the one window there is: what dies with this process is in doubt below all of them (invariant I7).
 * Each chunk that is asked for its step takes what the others, and the claim under way, leave of it.
 */
function shareRoom({ ahead, claiming }: SettleDeps, chunks: readonly HeldChunk[]): NextStep {
  return (chunk) => {
    const others = chunks.filter((other) => other !== chunk && !other.lost && other.isUrgent === chunk.isUrgent);
    const taken = others.reduce((sum, { outstanding }) => sum + outstanding, claiming);
    const step = chunk.nextStep(Math.max(0, ahead - taken));
    const says = step.complete || step.events.length > 0 || step.deferrals.length > 0 || step.mark.mark > chunk.mark;
    return says ? step : undefined;
  };
}

async function settleTogether(
  deps: SettleDeps,
  chunks: readonly HeldChunk[],
  nextStep: NextStep,
): Promise<readonly HeldChunk[]> {
  const steps = chunks.flatMap((chunk) => {
    const step = nextStep(chunk);
    return step === undefined ? [] : [{ chunk, step }];
  });
  if (steps.length === 0) return [];
  const result = await deps.store.commit(toStep(deps, steps));
  switch (result.type) {
    case "committed":
      for (const { chunk, step } of steps) chunk.stepCommitted(step.receipt);
      logDoubts(
        deps,
        steps.map(({ step }) => step),
      );
      return steps.flatMap(({ chunk, step }) => (step.complete ? [chunk] : []));
    case "lease_lost":
      if (steps.length === 1) {
        for (const { chunk, step } of steps) leaseLost(deps, chunk, step);
        return [];
      }
      return settleOneByOne(deps, chunks, nextStep);
    case "failed":
      // Nothing of it is there: it is said again with the next settle.
      deps.log.error("claim.failed", { set: deps.store.set, lane: "settle", code: result.error.code });
      return [];
    case "key_taken":
    case "credit_short":
      throw new RangeError(`Cannot settle as the step met '${result.type}', and it has neither keys nor charges`);
    case "unknown":
      // It may be there, deferred messages and all: saying it again could send these twice. The leases run out.
      deps.log.error("claim.failed", { set: deps.store.set, lane: "settle", code: "outcome_unknown" });
      for (const { chunk, step } of steps) {
        chunk.lost = true;
        chunk.inQuestion = { receipt: step.receipt, settle: onceSettled(result) };
      }
      return [];
  }
}

async function settleOneByOne(
  deps: SettleDeps,
  chunks: readonly HeldChunk[],
  nextStep: NextStep,
): Promise<readonly HeldChunk[]> {
  const gone: HeldChunk[] = [];
  for (const chunk of chunks) gone.push(...(await settleTogether(deps, [chunk], nextStep)));
  return gone;
}

/** Unless we claimed it again ourselves while the step was under way: then it is ours, and the step is said anew. */
function leaseLost(deps: SettleDeps, chunk: HeldChunk, step: HeldChunkStep): void {
  if (chunk.hold.lease.token !== step.mark.lease.token) return;
  chunk.lost = true;
  const { lane, items } = chunk.hold;
  deps.log.info("claim.lease_lost", { set: deps.store.set, lane, items: items.length });
}

/** True when nothing more can come of it. What a step may have said already is not said again before that is known. */
async function sayWhatHappened(deps: SettleDeps, chunk: HeldChunk): Promise<boolean> {
  if (!(await answerQuestion(chunk))) return false;
  const { events, receipt } = chunk.nextStep(0);
  const facts = events.filter((event) => event.type === "submitted" || event.type === "refused");
  if (facts.length > 0) {
    const chunks = [...noticesFor(deps, chunk, facts), ...refundChunks(deps.mint, facts)];
    const result = await deps.store.commit({ events: facts, chunks });
    if (result.type === "unknown") chunk.inQuestion = { receipt, settle: onceSettled(result) };
    if (result.type !== "committed") return false;
  }
  chunk.stepCommitted(receipt);
  return chunk.inFlight === 0;
}

/** False while nobody can tell what became of the chunk's last step. */
async function answerQuestion(chunk: HeldChunk): Promise<boolean> {
  const { inQuestion } = chunk;
  if (inQuestion === undefined) return true;
  const settled = await inQuestion.settle();
  if (settled === "unknown") return false;
  if (settled === "committed") chunk.stepCommitted(inQuestion.receipt);
  chunk.inQuestion = undefined;
  return true;
}

/** The chunks of one step share its answer. Without a way to ask, it may be there: what it said is taken for said. */
function onceSettled({ settle }: Extract<CommitResult, { readonly type: "unknown" }>): () => Promise<Settled> {
  let known: Settled = settle === undefined ? "committed" : "unknown";
  return async () => {
    if (known === "unknown") known = (await settle?.()) ?? known;
    return known;
  };
}

interface ChunkStep {
  readonly chunk: HeldChunk;
  readonly step: HeldChunkStep;
}

function toStep(deps: SettleDeps, chunkSteps: readonly ChunkStep[]): Step {
  const steps = chunkSteps.map(({ step }) => step);
  const deferrals = steps.flatMap((step) => step.deferrals);
  const events = steps.flatMap((step) => step.events);
  const notices = chunkSteps.flatMap(({ chunk, step }) => noticesFor(deps, chunk, step.events));
  return {
    acks: steps.flatMap((step) => (step.complete ? [step.mark.lease] : [])),
    marks: steps.flatMap((step) => (step.complete ? [] : [step.mark])),
    events,
    urgent: steps.some((step) => step.urgent),
    chunks: [...deferralChunks(deps.mint, deferrals), ...notices, ...refundChunks(deps.mint, events)],
  };
}

/** Who waits for the end of a message is told in the step that ends it. */
function noticesFor(
  { mint, clock }: SettleDeps,
  { positions }: HeldChunk,
  events: readonly MessageEvent[],
): readonly NewChunk[] {
  const waiting = waitingOf(positions.map(({ item }) => item));
  return noticeChunks(mint, noticesOf(events, waiting), clock.now());
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

function logDoubts(deps: SettleDeps, steps: readonly HeldChunkStep[]): void {
  const doubts = steps.flatMap((step) => step.events.flatMap((event) => (event.type === "in_doubt" ? [event] : [])));
  const [first] = doubts;
  if (first === undefined) return;
  deps.log.info("submit.in_doubt", { provider: first.provider, segments: doubts.length, reason: first.reason });
}
