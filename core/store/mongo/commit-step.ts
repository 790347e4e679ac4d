/**
 * One step as one transaction, resolved to certainty wherever that is possible. The event batch is inserted first,
 * under the writer's next number, so that any retry of a step whose outcome is unknown runs into its own batch, knows
 * it by the step's id, and so knows the outcome. To give up, a *void* batch is put at that number: if it goes in, the
 * step can never commit; if it collides with the step's batch, the step did.
 */
import type { MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { IdMint } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { type CommitResult, type Settled, type Step, StoreError } from "../store.ts";
import { batchId, type Collections, collectionNames, type EventBatchDocument } from "./documents.ts";
import { findSendKeys } from "./send-keys.ts";
import type { SetClock } from "./set-clock.ts";
import type { SetSchema } from "./set-schema.ts";
import { isDefiniteAbort, isDuplicateKey, isNotPrimary, isNotSent, toStoreError } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";
import { type EncodedChunk, type EncodedStep, encodeStep, type Refusal, stampChunk, writeStep } from "./write-step.ts";
import type { Writer } from "./writer.ts";
import type { WriterPool } from "./writer-pool.ts";

/** A step that certainly did not commit is tried again for this long: write conflicts and elections pass. */
const ABORTED_RETRY_MS = 3_000;
/** A repetition at another edge is under way for this long; an edge that died holds its keys for up to 5 s. */
const CONTENDED_RETRY_MS = 150;
/** A step that may have committed is asked for this long: an election takes 2-5 s. */
const UNKNOWN_RETRY_MS = 12_000;
/** One attempt takes no longer: a moment more than the driver's own time-out of a socket. */
const ATTEMPT_MS = 9_000;
/** Then its number is voided, with this much time to do it in. */
const VOID_MS = 3_000;
const BACKOFF_FIRST_MS = 5;
const BACKOFF_MAX_MS = 250;
/** Random characters that tell a step from others at the same number; 50 bits, and there is hardly ever another. */
const STEP_ID_CHARS = 10;

export interface CommitDeps {
  readonly client: MongoClient;
  readonly collections: Collections;
  readonly schema: Pick<SetSchema, "isCurrent" | "check">;
  readonly writers: WriterPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: IdMint;
  readonly setClock: SetClock;
  readonly set: string;
}

/** What one try to commit says for certain. */
type Attempt =
  | { readonly type: "committed" | "fenced" }
  /** Rolled back for a reason that trying again does not change. */
  | { readonly type: "refused"; readonly refusal: Refusal }
  /** Another step's events stand at our number: they never may, and ours never will. */
  | { readonly type: "corrupt"; readonly error: StoreError }
  | { readonly type: "aborted" | "unknown"; readonly error: StoreError; readonly sent: boolean };

type Certain = Extract<Attempt, { readonly type: "committed" | "fenced" } | { readonly type: "corrupt" }>;

/**
 * Commits steps; see Store.commit. Throws RangeError before anything is sent: for a chunk out of bounds, and for an
 * ordinary step of a process that has no writer for it.
 */
export function createStepCommitter(deps: CommitDeps): (step: Step) => Promise<CommitResult> {
  return async (step) => {
    // Times of chunks are the set's: with a clock that is wrong by minutes they would wait minutes, or jump the queue.
    if (step.chunks !== undefined && step.chunks.length > 0) await deps.setClock.ready();
    const encoded = encodeStep(step, deps.mint.unique().slice(-STEP_ID_CHARS), deps.setClock.now());
    const unusable = deps.schema.isCurrent ? undefined : await whyUnusable(deps);
    if (unusable !== undefined) return { type: "failed", error: unusable };
    if (!needsBatch(step)) return commitChunk(deps, encoded.chunks[0]);
    for (;;) {
      const result = await deps.writers
        .withWriter(step.urgent === true, (writer) => commitWith(deps, writer, encoded))
        .catch((error: unknown) => {
          if (error instanceof RangeError) throw error;
          return { type: "failed" as const, error: toStoreError(error, `open a writer of ${deps.set}`) };
        });
      if (result.type !== "fenced") return result;
    }
  };
}

async function whyUnusable({ schema, clock, set }: CommitDeps): Promise<StoreError | undefined> {
  return withDeadline(clock, schema.check()).then(
    () => undefined,
    (error: unknown) => toStoreError(error, `commit a step to ${set}`),
  );
}

/** The enqueue of one chunk is settled by its own id; anything more needs a number. */
function needsBatch(step: Step): boolean {
  const parts = [step.acks, step.marks, step.events, step.entries, step.optOuts, step.sendKeys, step.charges];
  return (step.chunks?.length ?? 0) > 1 || parts.some((part) => part !== undefined && part.length > 0);
}

async function commitWith(
  deps: CommitDeps,
  writer: Writer,
  step: EncodedStep,
): Promise<CommitResult | { readonly type: "fenced" }> {
  const startedAt = deps.clock.monotonic();
  let maybe = false;
  for (let tries = 0; ; tries++) {
    const attempt = await tryInTime(deps, writer, step);
    switch (attempt.type) {
      case "committed":
        writer.next++;
        return { type: "committed" };
      case "refused":
        return maybe ? voidRefused(deps, writer, step, attempt.refusal) : attempt.refusal;
      case "fenced":
        deps.writers.end(writer, "fenced");
        return { type: "fenced" };
      case "corrupt":
        deps.writers.end(writer, "another step at its number");
        return { type: "failed", error: attempt.error };
      case "unknown":
        maybe = true;
        break;
      case "aborted":
        if (!maybe && !attempt.sent) return { type: "failed", error: attempt.error };
        break;
    }
    const spentMs = deps.clock.monotonic() - startedAt;
    const patienceMs = attempt.error.code === "key_contended" ? CONTENDED_RETRY_MS : ABORTED_RETRY_MS;
    if (!maybe && spentMs > patienceMs) return { type: "failed", error: attempt.error };
    if (maybe && spentMs > UNKNOWN_RETRY_MS) return giveUp(deps, writer, step, attempt.error);
    await deps.clock.sleep(backoffMs(tries, deps.random));
  }
}

function backoffMs(tries: number, random: Random): number {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** tries) * (0.5 + random.fraction() / 2);
}

/**
 * An attempt that never ends may have committed. Its transaction dies with the set's limit of 5 s; what it left behind,
 * if anything, stands at this writer's number, where the next attempt finds it.
 */
async function tryInTime(deps: CommitDeps, writer: Writer, step: EncodedStep): Promise<Attempt> {
  try {
    return await withDeadline(deps.clock, tryCommit(deps, writer, step), ATTEMPT_MS);
  } catch (error) {
    return { type: "unknown", error: toStoreError(error, `commit a step to ${deps.set}`), sent: true };
  }
}

async function tryCommit(deps: CommitDeps, writer: Writer, step: EncodedStep): Promise<Attempt> {
  const session = deps.client.startSession({ causalConsistency: false });
  let commitSent = false;
  try {
    session.startTransaction({ readConcern: { level: "local" }, writeConcern: { w: "majority", journal: true } });
    const refusal = await writeStep(deps, session, { writer, step });
    if (refusal !== undefined) {
      await session.abortTransaction();
      return { type: "refused", refusal };
    }
    commitSent = true;
    await session.commitTransaction();
    return { type: "committed" };
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    if (isDuplicateKey(error, writer.batches.collectionName)) return settleByBatch(deps, writer, step);
    if (isDuplicateKey(error, collectionNames.sendKeys)) return settleByKeys(deps, step);
    const failure = toStoreError(error, `commit a step to ${deps.set}`);
    const aborted = !commitSent || isDefiniteAbort(error);
    return { type: aborted ? "aborted" : "unknown", error: failure, sent: !isNotSent(error) };
  } finally {
    await session.endSession();
  }
}

/** Our number is taken: by our own step, which then did commit, or by the batch that fenced this writer. */
async function settleByBatch(deps: CommitDeps, writer: Writer, step: EncodedStep): Promise<Attempt> {
  try {
    const asked = writer.batches.findOne(
      { _id: batchId(writer.id, writer.next) },
      { projection: { kind: 1, step: 1 }, readConcern: { level: "majority" } },
    );
    const held = await withDeadline(deps.clock, asked, ATTEMPT_MS);
    if (held?.kind === "events") return held.step === step.id ? { type: "committed" } : corrupt(deps, writer);
    if (held?.kind === "closed" || held?.kind === "void") return { type: "fenced" };
    const pending = new StoreError("store_timeout", `Batch ${writer.next} of ${writer.id} is not yet on a majority`, {
      retryable: true,
    });
    return { type: "unknown", error: pending, sent: true };
  } catch (error) {
    return { type: "unknown", error: toStoreError(error, `look for a batch in ${deps.set}`), sent: true };
  }
}

/** A key of ours is taken. By whom may not be on a majority yet: then this is asked again. */
async function settleByKeys(deps: CommitDeps, { step }: EncodedStep): Promise<Attempt> {
  try {
    const keys = (step.sendKeys ?? []).map(({ id }) => id);
    const taken = await withDeadline(deps.clock, findSendKeys(deps.collections, keys), ATTEMPT_MS);
    if (taken.size > 0) return { type: "refused", refusal: { type: "key_taken", taken } };
    const pending = new StoreError("store_timeout", `A send key in ${deps.set} is not yet on a majority`, {
      retryable: true,
    });
    return { type: "aborted", error: pending, sent: true };
  } catch (error) {
    return { type: "aborted", error: toStoreError(error, `look for send keys in ${deps.set}`), sent: true };
  }
}

function corrupt(deps: CommitDeps, writer: Writer): Attempt {
  const defect = `batch ${writer.next} of writer ${writer.id} in ${deps.set} is another step's`;
  return {
    type: "corrupt",
    error: new StoreError("store_corrupt", `Cannot commit a step as ${defect}`, { retryable: false }),
  };
}

/** Ends the doubt, or ends the writer with its number open. */
async function giveUp(deps: CommitDeps, writer: Writer, step: EncodedStep, error: StoreError): Promise<CommitResult> {
  const startedAt = deps.clock.monotonic();
  for (let tries = 0; deps.clock.monotonic() - startedAt < VOID_MS; tries++) {
    const settled = await voidNumber(deps, writer, step);
    switch (settled.type) {
      case "committed":
        writer.next++;
        return { type: "committed" };
      case "voided":
        writer.next++;
        return { type: "failed", error };
      case "fenced":
      case "corrupt":
        deps.writers.end(writer, settled.type);
        return { type: "failed", error: settled.type === "corrupt" ? settled.error : error };
      case "unknown":
        break;
    }
    await deps.clock.sleep(backoffMs(tries, deps.random));
  }
  deps.writers.end(writer, "number left open");
  return { type: "unknown", error, settle: () => settleLate(deps, writer, step) };
}

/** The writer was ended with this number: nothing but its own step and what ends the doubt can ever be there. */
async function settleLate(deps: CommitDeps, writer: Writer, step: EncodedStep): Promise<Settled> {
  const { type } = await voidNumber(deps, writer, step);
  return type === "committed" || type === "unknown" ? type : "failed";
}

/** Puts a void batch at the number of a step: it goes in, or tells what is there. */
async function voidNumber(
  deps: CommitDeps,
  writer: Writer,
  step: EncodedStep,
): Promise<Certain | { readonly type: "voided" | "unknown" }> {
  const empty: EventBatchDocument = {
    _id: batchId(writer.id, writer.next),
    kind: "void",
    at: new Date(deps.setClock.now()),
    keys: [],
    events: "[]",
  };
  try {
    await withDeadline(deps.clock, writer.batches.insertOne(empty), VOID_MS);
    return { type: "voided" };
  } catch (failure) {
    if (!isDuplicateKey(failure, writer.batches.collectionName)) return { type: "unknown" };
    const settled = await settleByBatch(deps, writer, step);
    const isCertain = settled.type === "committed" || settled.type === "fenced" || settled.type === "corrupt";
    return isCertain ? settled : { type: "unknown" };
  }
}

/** An earlier attempt may still be under way where this one was refused: nothing is certain before it cannot commit. */
async function voidRefused(
  deps: CommitDeps,
  writer: Writer,
  step: EncodedStep,
  refusal: Refusal,
): Promise<CommitResult> {
  const unsettled = new StoreError("store_timeout", `A step of ${deps.set} was refused while it was in doubt`, {
    retryable: true,
  });
  const settled = await giveUp(deps, writer, step, unsettled);
  return settled.type === "failed" ? refusal : settled;
}

/** The enqueue of one chunk: idempotent by its id, so no transaction and no number. */
async function commitChunk(deps: CommitDeps, chunk: EncodedChunk | undefined): Promise<CommitResult> {
  if (chunk === undefined) return { type: "committed" };
  const startedAt = deps.clock.monotonic();
  let maybe = false;
  for (let tries = 0; ; tries++) {
    const document = stampChunk(chunk, deps.setClock.now());
    try {
      await withDeadline(deps.clock, deps.collections.chunks.insertOne(document), ATTEMPT_MS);
      return { type: "committed" };
    } catch (error) {
      if (isDuplicateKey(error, collectionNames.chunks)) return { type: "committed" };
      const failure = toStoreError(error, `enqueue on ${deps.set}`);
      // One that the set refused, such as by its rules for documents, is refused for good.
      const isRefused = failure.code === "store_refused" && !failure.retryable;
      maybe ||= !(isNotSent(error) || isNotPrimary(error) || isRefused);
      if (!maybe) return { type: "failed", error: failure };
      if (deps.clock.monotonic() - startedAt > UNKNOWN_RETRY_MS) return { type: "unknown", error: failure };
      await deps.clock.sleep(backoffMs(tries, deps.random));
    }
  }
}
