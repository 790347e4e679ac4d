/** The commands of a set as its primary runs them: reads, writes with their concern, transactions. */
import { noSuchTransaction, writeConflict } from "./driver-errors.ts";
import { matches } from "./match-filter.ts";
import type { Asker, Primary } from "./primary.ts";
import {
  runDelete,
  runInsert,
  runUpdate,
  type UpdateCommand,
  type UpdateReply,
  type WriteContext,
} from "./run-write.ts";
import { type FindOptions, runPipeline, shapeResult } from "./shape-result.ts";
import type { Fields, SimDocument } from "./sim-document.ts";
import type { Transaction } from "./transaction.ts";

/** The transaction that a command belongs to; the first of it starts it. */
export interface InTransaction {
  readonly id: string;
  readonly starts: boolean;
}

export interface Scope {
  readonly primary: Primary;
  readonly asker: Asker;
  readonly collection: string;
  readonly inTransaction: InTransaction | undefined;
  /** Of writes outside of transactions. */
  readonly isMajority: boolean;
}

export interface ReadOptions extends FindOptions {
  readonly readConcern?: { readonly level: string };
  readonly maxTimeMS?: number;
}

export function find(scope: Scope, filter: Fields, options: ReadOptions): Promise<readonly Fields[]> {
  return read(scope, filter, options, (found, now) => shapeResult(found, options, now));
}

export function aggregate(scope: Scope, pipeline: readonly Fields[], options: ReadOptions): Promise<readonly Fields[]> {
  return read(scope, {}, options, (found, now) => runPipeline(found, pipeline, now));
}

async function read<T>(
  scope: Scope,
  filter: Fields,
  options: ReadOptions,
  shape: (found: readonly SimDocument[], now: Date) => T,
): Promise<T> {
  const { primary, asker } = scope;
  if (scope.inTransaction !== undefined) {
    return inTransaction(scope, async ({ transaction, collection, now }) => {
      if (transaction === undefined) throw noSuchTransaction();
      const ids = transaction.candidates(collection, filter);
      return shape(
        matching(ids, (id) => transaction.read(collection, id), filter, now),
        now,
      );
    });
  }
  const now = primary.now;
  const level = options.readConcern?.level ?? "local";
  if (level === "linearizable") {
    // That this still is the primary, it knows when a majority has what it writes now.
    primary.log.append([]);
    await primary.majority(primary.log.head, asker, options.maxTimeMS);
  }
  const asOf = level === "local" ? undefined : primary.log.majority;
  const collection = primary.log.collections.get(scope.collection);
  if (collection === undefined) return shape([], now);
  return shape(
    matching(collection.candidates(filter), (id) => collection.read(id, asOf), filter, now),
    now,
  );
}

function matching(
  ids: readonly string[],
  look: (id: string) => SimDocument | undefined,
  filter: Fields,
  now: Date,
): readonly SimDocument[] {
  const found: SimDocument[] = [];
  for (const id of ids) {
    const document = look(id);
    if (document !== undefined && matches(document, filter, now)) found.push(document);
  }
  return found;
}

export function insert(scope: Scope, documents: readonly SimDocument[]): Promise<void> {
  return write(scope, async (context) => {
    for (const document of documents) await runInsert(context, document);
  });
}

export function update(scope: Scope, command: UpdateCommand): Promise<UpdateReply> {
  return write(scope, (context) => runUpdate(context, command));
}

/** In one request, one after the other. */
export function updateAll(scope: Scope, commands: readonly UpdateCommand[]): Promise<readonly UpdateReply[]> {
  return write(scope, async (context) => {
    const replies: UpdateReply[] = [];
    for (const command of commands) replies.push(await runUpdate(context, command));
    return replies;
  });
}

export function deleteMany(scope: Scope, filter: Fields): Promise<{ readonly deletedCount: number }> {
  return write(scope, (context) => runDelete(context, filter));
}

async function write<T>(scope: Scope, run: (context: WriteContext) => Promise<T>): Promise<T> {
  if (scope.inTransaction !== undefined) {
    return inTransaction(scope, (context) => {
      if (scope.primary.conflicts()) throw writeConflict();
      return run(context);
    });
  }
  const { primary, asker } = scope;
  const collection = primary.log.collection(scope.collection);
  const context = { primary, asker, collection, transaction: undefined, now: primary.now };
  try {
    return await run(context);
  } finally {
    primary.replicate();
    // Whatever the answer says, a refusal too, it says of what a majority has: the set waits for the newest entry.
    if (scope.isMajority && !primary.isOver) await primary.majority(primary.log.head, asker);
  }
}

/** Any error aborts the transaction. */
async function inTransaction<T>(scope: Scope, run: (context: WriteContext) => Promise<T>): Promise<T> {
  const { primary, asker, inTransaction: asked } = scope;
  const id = asked?.id ?? "";
  const transaction = asked?.starts === true ? start(primary, id) : primary.open(id);
  if (transaction === undefined) throw noSuchTransaction();
  const collection = primary.log.collection(scope.collection);
  try {
    const reply = await run({ primary, asker, collection, transaction, now: primary.now });
    if (transaction.isOver) throw noSuchTransaction();
    return reply;
  } catch (error) {
    primary.end(transaction);
    throw error;
  }
}

/** A number that was used before, by a request that was thought lost, does not start another transaction. */
function start(primary: Primary, id: string): Transaction | undefined {
  const wasUsed = primary.transactions.has(id) || primary.log.committedAt(id) !== undefined;
  return wasUsed ? undefined : primary.begin(id);
}

/** Also tells whoever asks again. That there is no such transaction is only said with a majority's word for it. */
export async function commitTransaction(primary: Primary, asker: Asker, id: string): Promise<void> {
  const transaction = primary.open(id);
  if (transaction !== undefined) {
    transaction.commit(primary.log);
    primary.end(transaction);
    primary.replicate();
  }
  const entry = primary.log.committedAt(id);
  if (entry !== undefined) return primary.majority(entry, asker);
  primary.log.append([]);
  await primary.majority(primary.log.head, asker);
  throw noSuchTransaction();
}

export function abortTransaction(primary: Primary, id: string): void {
  const transaction = primary.open(id);
  if (transaction === undefined) throw noSuchTransaction();
  primary.end(transaction);
}
