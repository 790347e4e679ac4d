/**
 * Writes as a primary runs them. In a transaction they take what they write or fail; outside of one each document is a
 * log entry of its own, and what a transaction holds is waited for.
 */
import { applyUpdate, type Update, upsertedDocument } from "./apply-update.ts";
import { duplicateKey } from "./driver-errors.ts";
import { matches } from "./match-filter.ts";
import type { Asker, Primary } from "./primary.ts";
import type { Fields, SimDocument } from "./sim-document.ts";
import type { Transaction } from "./transaction.ts";
import { keysOf, type VersionedCollection } from "./versioned-collection.ts";

export interface WriteContext {
  readonly primary: Primary;
  readonly asker: Asker;
  readonly collection: VersionedCollection;
  readonly transaction: Transaction | undefined;
  /** `$$NOW` of the command. */
  readonly now: Date;
}

export interface UpdateCommand {
  readonly filter: Fields;
  readonly update: Update;
  readonly many: boolean;
  readonly upsert: boolean;
}

export interface UpdateReply {
  readonly matchedCount: number;
  readonly modifiedCount: number;
  readonly upsertedCount: number;
  /** The last document that was matched, as it is now. */
  readonly updated: SimDocument | null;
}

export async function runInsert(context: WriteContext, document: SimDocument): Promise<void> {
  const { primary, collection, transaction, asker } = context;
  if (transaction !== undefined) {
    transaction.insert(collection, document);
    return;
  }
  for (let holder = holderOf(context, document); holder !== undefined; holder = holderOf(context, document)) {
    await primary.released(holder, asker);
  }
  if (collection.read(document._id) !== undefined) throw duplicateKey(collection.name, "_id", document._id);
  if (collection.hasUniqueKeys) {
    const taken = keysOf(document).find((key) => [...collection.withKey(key)].some((id) => collection.read(id)));
    if (taken !== undefined) throw duplicateKey(collection.name, "keys", taken);
  }
  primary.log.append([{ collection, id: document._id, document }]);
}

function holderOf({ primary, collection }: WriteContext, document: SimDocument): Transaction | undefined {
  const holder = primary.holder(collection.held, document._id);
  if (holder !== undefined || !collection.hasUniqueKeys) return holder;
  for (const key of keysOf(document)) {
    const other = primary.holder(collection.heldKeys, key);
    if (other !== undefined) return other;
  }
  return undefined;
}

export async function runUpdate(context: WriteContext, command: UpdateCommand): Promise<UpdateReply> {
  const { filter, update, many, upsert } = command;
  let [matchedCount, modifiedCount] = [0, 0];
  let updated: SimDocument | null = null;
  for (const id of candidatesOf(context, filter)) {
    let found = await findFree(context, id, filter);
    while (isStale(context, id, found)) found = await findFree(context, id, filter);
    if (found === undefined) continue;
    matchedCount++;
    updated = applyUpdate(found, update, context.now);
    if (updated !== found) {
      modifiedCount++;
      put(context, id, updated);
    }
    if (!many) break;
  }
  if (matchedCount > 0 || !upsert) return { matchedCount, modifiedCount, upsertedCount: 0, updated };
  const document = upsertedDocument(filter, update, context.now);
  await runInsert(context, document);
  return { matchedCount: 0, modifiedCount: 0, upsertedCount: 1, updated: document };
}

export async function runDelete(context: WriteContext, filter: Fields): Promise<{ readonly deletedCount: number }> {
  let deletedCount = 0;
  for (const id of candidatesOf(context, filter)) {
    let found = await findFree(context, id, filter);
    while (isStale(context, id, found)) found = await findFree(context, id, filter);
    if (found === undefined) continue;
    deletedCount++;
    put(context, id, null);
  }
  return { deletedCount };
}

function candidatesOf({ transaction, collection }: WriteContext, filter: Fields): readonly string[] {
  return transaction === undefined ? collection.candidates(filter) : transaction.candidates(collection, filter);
}

/** Of what was awaited: somebody may have written it in the turns between. */
function isStale({ collection, transaction }: WriteContext, id: string, found: SimDocument | undefined): boolean {
  return found !== undefined && transaction === undefined && collection.read(id) !== found;
}

/** The document if it matches; outside of a transaction, once nobody holds it. */
async function findFree(context: WriteContext, id: string, filter: Fields): Promise<SimDocument | undefined> {
  const { primary, collection, transaction, asker, now } = context;
  for (;;) {
    const document = transaction === undefined ? collection.read(id) : transaction.read(collection, id);
    if (document === undefined || !matches(document, filter, now)) return undefined;
    if (transaction !== undefined) return document;
    const holder = primary.holder(collection.held, id);
    if (holder === undefined) return document;
    await primary.released(holder, asker);
  }
}

function put({ primary, collection, transaction }: WriteContext, id: string, document: SimDocument | null): void {
  if (transaction === undefined) primary.log.append([{ collection, id, document }]);
  else transaction.write(collection, id, document);
}
