/** The writes of one step inside its transaction, in an order that matters: see commit-step.ts. */
import { type ClientSession, Long } from "mongodb";
import type { Charge } from "../charge.ts";
import { encodeItems } from "../chunk-bounds.ts";
import { lookupKeys } from "../lookup-keys.ts";
import { type CommitResult, type MarkAdvance, optOutKey, type Step, StoreError } from "../store.ts";
import { batchId, type ChunkDocument, type Collections, type EventBatchDocument } from "./documents.ts";
import { toSendKeysDocument } from "./send-keys.ts";
import type { SetClock } from "./set-clock.ts";
import { isWriteConflict } from "./store-error.ts";
import type { Writer } from "./writer.ts";

/** "Ready now" is written this much in the past: our idea of the set's clock is hardly ever further out. */
const READY_MARGIN_MS = 50;

/** The contents of a step, made once: a retry writes the same. Only its stamps are those of the try. */
export interface EncodedStep {
  readonly id: string;
  readonly step: Step;
  readonly keys: readonly string[];
  readonly events: string;
  readonly entries: string | undefined;
  readonly chunks: readonly EncodedChunk[];
}

export interface EncodedChunk {
  readonly document: Omit<ChunkDocument, "at">;
  /** Ready so long after it is written. */
  readonly delayMs: number;
}

/** What forbids a step for good. */
export type Refusal = Extract<CommitResult, { readonly type: "lease_lost" | "key_taken" | "credit_short" }>;

export function encodeStep(step: Step, id: string, setNow: number): EncodedStep {
  const events = step.events ?? [];
  const chunks = (step.chunks ?? []).map(
    (chunk): EncodedChunk => ({
      delayMs: chunk.delayMs ?? -READY_MARGIN_MS,
      document: {
        _id: chunk.id,
        lane: chunk.lane,
        enqueuedAt: new Date(setNow),
        ...(chunk.actBy === undefined ? {} : { actBy: new Date(chunk.actBy) }),
        token: null,
        owner: null,
        deliveries: 0,
        count: chunk.items.length,
        positions: chunk.positions ?? 0,
        mark: 0,
        priorMark: 0,
        settledTo: 0,
        settledBeyond: [],
        items: encodeItems(chunk),
      },
    }),
  );
  const entries = step.entries === undefined ? undefined : JSON.stringify(step.entries);
  return { id, step, keys: lookupKeys(events), events: JSON.stringify(events), entries, chunks };
}

/**
 * As of this try: one with the time of the first would lie behind where claims begin to look (low-water.ts), and be
 * found seconds later.
 */
export function stampChunk({ document, delayMs }: EncodedChunk, setNow: number): ChunkDocument {
  return { ...document, at: new Date(setNow + delayMs) };
}

/** Writes everything but the commit, or finds out why it must not be. The batch goes to its writer's next number. */
export async function writeStep(
  deps: { readonly collections: Collections; readonly setClock: SetClock },
  session: ClientSession,
  numbered: { readonly writer: Writer; readonly step: EncodedStep },
): Promise<Refusal | undefined> {
  const { chunks, sendKeys } = deps.collections;
  const { writer, step: encoded } = numbered;
  const batch = batchId(writer.id, writer.next);
  const { step } = encoded;
  const options = { session };
  const now = deps.setClock.now();
  const at = new Date(now);
  const { keys, events: text, entries, id } = encoded;
  const said = { keys, events: text, ...(entries !== undefined && { entries }) };
  const document: EventBatchDocument = { _id: batch, kind: "events", at, ...said, step: id };
  await writer.batches.insertOne(document, options);
  if (step.acks !== undefined && step.acks.length > 0) {
    // One filter a lease: a step may acknowledge chunks of several claims.
    const mine = step.acks.map((lease) => ({ _id: lease.chunk, token: lease.token }));
    const { deletedCount } = await chunks.deleteMany(mine.length === 1 && mine[0] ? mine[0] : { $or: mine }, options);
    if (deletedCount !== step.acks.length) return { type: "lease_lost" };
  }
  for (const mark of step.marks ?? []) {
    const { matchedCount } = await chunks.updateOne(...markUpdate(mark), options);
    if (matchedCount !== 1) return { type: "lease_lost" };
  }
  if (step.sendKeys !== undefined && step.sendKeys.length > 0) {
    await sendKeys.insertOne(toSendKeysDocument(batch, step.sendKeys, at), options).catch(throwContended);
  }
  if (encoded.chunks.length > 0) {
    await chunks.insertMany(
      encoded.chunks.map((chunk) => stampChunk(chunk, now)),
      options,
    );
  }
  await writeOptOuts(deps.collections, session, step);
  // Last: a balance is held from here to the majority's answer, and others wait for it.
  return writeCharges(deps.collections, session, step.charges ?? []);
}

/** Whatever else conflicts is over in a moment; keys may be held until the set ends a dead process's transaction. */
function throwContended(error: unknown): never {
  if (!isWriteConflict(error)) throw error;
  const held = "Cannot take the send keys of a step as another step that is open holds one";
  throw new StoreError("key_contended", held, { retryable: true, cause: error });
}

function markUpdate(mark: MarkAdvance): [{ _id: string; token: string | null }, object] {
  const { lease, settledTo, settledBeyond } = mark;
  return [
    { _id: lease.chunk, token: lease.token },
    { $max: { mark: mark.mark, settledTo }, $set: { settledBeyond } },
  ];
}

/** In one request: a page of them, each on its own, outlived the 5 s that a set gives a transaction. */
async function writeOptOuts({ optOuts }: Collections, session: ClientSession, step: Step): Promise<void> {
  const changes = step.optOuts ?? [];
  if (changes.length === 0) return;
  const updates = changes.map(({ account, number, out, at }) => {
    const newer = { $gt: [at, { $ifNull: ["$at", -1] }] };
    const set = { out: { $cond: [newer, out, "$out"] }, at: { $cond: [newer, at, "$at"] } };
    return { updateOne: { filter: { _id: optOutKey(account, number) }, update: [{ $set: set }], upsert: true } };
  });
  await optOuts.bulkWrite(updates, { session });
}

/** In one request: a chain of resellers has an allotment at each level, and a step many customers. */
async function writeCharges(
  { allotments }: Collections,
  session: ClientSession,
  charges: readonly Charge[],
): Promise<Refusal | undefined> {
  if (charges.length === 0) return undefined;
  const updates = charges.map(({ allotment, micros }) => {
    const amount = Long.fromBigInt(micros);
    const filter = { _id: allotment, ...(micros > 0n && { micros: { $gte: amount } }) };
    return { updateOne: { filter, update: { $inc: { micros: amount.negate() } }, upsert: micros <= 0n } };
  });
  const { matchedCount, upsertedCount } = await allotments.bulkWrite(updates, { session });
  if (matchedCount + upsertedCount === charges.length) return undefined;
  return { type: "credit_short", allotment: await findShort(allotments, charges) };
}

/** By what others see of them: what the transaction has changed is not to be seen in it any more. */
async function findShort(
  allotments: Collections["allotments"],
  charges: readonly Charge[],
): Promise<Charge["allotment"]> {
  const ids = charges.map(({ allotment }) => allotment as string);
  const rows = await allotments.find({ _id: { $in: ids } }, { promoteLongs: false }).toArray();
  const held = new Map(rows.map(({ _id, micros }) => [_id, micros.toBigInt()]));
  const short = charges.find(({ allotment, micros }) => micros > 0n && (held.get(allotment) ?? 0n) < micros);
  // None, where money has come meanwhile: then any of them is as good, as all are looked at again.
  const [first] = charges;
  if (first === undefined) throw new RangeError("Cannot find what is short among no charges");
  return (short ?? first).allotment;
}
