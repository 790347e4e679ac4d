/** The part of a Collection that our driver uses. */
import type { Update } from "./apply-update.ts";
import { asBulkError, cursorNotFound } from "./driver-errors.ts";
import type { Asker, Primary } from "./primary.ts";
import { type FindOptions, promoteLongs } from "./shape-result.ts";
import type { Sender } from "./sim-client.ts";
import { aggregate, deleteMany, find, insert, type ReadOptions, type Scope, update, updateAll } from "./sim-command.ts";
import { type Fields, notModelled, type SimDocument } from "./sim-document.ts";
import type { SimSession } from "./sim-session.ts";

interface WriteOptions {
  readonly session?: SimSession;
  readonly upsert?: boolean;
  readonly writeConcern?: { readonly w: number | "majority" };
}

interface BulkUpdate {
  readonly filter: Fields;
  readonly update: Update;
  readonly upsert?: boolean;
}

type FoundOptions = ReadOptions & { readonly batchSize?: number };

export class SimCollection {
  readonly dbName: string;
  readonly collectionName: string;
  readonly #sender: Sender;

  constructor(sender: Sender, dbName: string, collectionName: string) {
    this.#sender = sender;
    this.dbName = dbName;
    this.collectionName = collectionName;
  }

  #write<T>(options: WriteOptions | undefined, run: (scope: Scope) => Promise<T>): Promise<T> {
    const collection = this.collectionName;
    const session = options?.session;
    if (session?.inTransaction() === true) {
      return session.send((primary, asker, inTransaction) =>
        run({ primary, asker, collection, inTransaction, isMajority: false }),
      );
    }
    const isMajority = options?.writeConcern === undefined || options.writeConcern.w === "majority";
    return this.#sender.send((primary, asker) =>
      run({ primary, asker, collection, inTransaction: undefined, isMajority }),
    );
  }

  async insertOne(document: SimDocument, options?: WriteOptions) {
    await this.#write(options, (scope) => insert(scope, [toStored(document)]));
    return { acknowledged: true, insertedId: document._id };
  }

  async insertMany(documents: readonly SimDocument[], options?: WriteOptions) {
    const written = this.#write(options, (scope) => insert(scope, documents.map(toStored)));
    await written.catch((error: Error) => {
      throw asBulkError(error);
    });
    return { acknowledged: true, insertedCount: documents.length };
  }

  updateOne(filter: Fields, change: Update, options?: WriteOptions) {
    const command = { filter, update: change, many: false, upsert: options?.upsert === true };
    return this.#write(options, (scope) => update(scope, command));
  }

  updateMany(filter: Fields, change: Update, options?: WriteOptions) {
    return this.#write(options, (scope) => update(scope, { filter, update: change, many: true, upsert: false }));
  }

  async bulkWrite(writes: readonly { readonly updateOne: BulkUpdate }[], options?: WriteOptions) {
    const commands = writes.map(({ updateOne: { filter, update: change, upsert } }) => {
      return { filter, update: change, many: false, upsert: upsert === true };
    });
    const written = this.#write(options, (scope) => updateAll(scope, commands));
    const replies = await written.catch((error: Error) => {
      throw asBulkError(error);
    });
    return {
      matchedCount: replies.reduce((sum, { matchedCount }) => sum + matchedCount, 0),
      upsertedCount: replies.reduce((sum, { upsertedCount }) => sum + upsertedCount, 0),
    };
  }

  async findOneAndUpdate(
    filter: Fields,
    change: Update,
    options: WriteOptions & { readonly returnDocument?: "after" | "before" },
  ) {
    if (options.returnDocument !== "after") return notModelled("findOneAndUpdate that returns what was before");
    const command = { filter, update: change, many: false, upsert: options.upsert === true };
    const { updated } = await this.#write(options, (scope) => update(scope, command));
    return updated === null ? null : promoteLongs(updated);
  }

  deleteMany(filter: Fields, options?: WriteOptions) {
    return this.#write(options, (scope) => deleteMany(scope, filter));
  }

  async findOne(filter: Fields, options: ReadOptions = {}) {
    const [first] = await this.#read((scope) => find(scope, filter, { ...options, limit: 1 }));
    return first ?? null;
  }

  find(filter: Fields, options: FoundOptions = {}): SimCursor {
    return new SimCursor(this.#sender, options, (primary, asker, asked) =>
      find(this.#scope(primary, asker), filter, asked),
    );
  }

  aggregate(pipeline: readonly Fields[], options: ReadOptions = {}) {
    return { toArray: () => this.#read((scope) => aggregate(scope, pipeline, options)) };
  }

  #read(run: (scope: Scope) => Promise<readonly Fields[]>): Promise<readonly Fields[]> {
    return this.#sender.sendRead((primary, asker) => run(this.#scope(primary, asker)));
  }

  #scope(primary: Primary, asker: Asker): Scope {
    return { primary, asker, collection: this.collectionName, inTransaction: undefined, isMajority: false };
  }

  /** Indexes only matter where they forbid something; see SimDb.createCollection. */
  createIndex(index: Fields, options: { readonly unique?: boolean } = {}) {
    const isOfKeys = Object.keys(index).join() === "keys";
    if (options.unique === true && !isOfKeys) return notModelled(`a unique index ${JSON.stringify(index)}`);
    return this.#sender.send((primary) => {
      if (options.unique === true) primary.log.collection(this.collectionName).hasUniqueKeys = true;
      return Object.keys(index).join("_");
    });
  }

  indexes() {
    return this.#sender.sendRead(() => [] as readonly Fields[]);
  }
}

/** Undefined is stored as null (`ignoreUndefined: false`). */
function toStored(document: SimDocument): SimDocument {
  const stored: Record<string, unknown> = {};
  for (const field in document) stored[field] = document[field] ?? null;
  return stored as unknown as SimDocument;
}

type Fetch = (primary: Primary, asker: Asker, options: ReadOptions) => Promise<readonly Fields[]>;

/** Of a query. Its batches after the first come from the primary that answered the first, or not at all. */
class SimCursor implements AsyncDisposable {
  readonly #sender: Sender;
  readonly #fetch: Fetch;
  #options: FoundOptions;

  constructor(sender: Sender, options: FoundOptions, fetch: Fetch) {
    this.#sender = sender;
    this.#options = options;
    this.#fetch = fetch;
  }

  sort(sort: NonNullable<FindOptions["sort"]>): this {
    this.#options = { ...this.#options, sort };
    return this;
  }

  limit(limit: number): this {
    this.#options = { ...this.#options, limit };
    return this;
  }

  toArray(): Promise<readonly Fields[]> {
    return this.#sender.sendRead((primary, asker) => this.#fetch(primary, asker, this.#options));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Fields> {
    const { batchSize = 101 } = this.#options;
    const { found, by } = await this.#sender.sendRead(async (primary, asker) => {
      return { found: await this.#fetch(primary, asker, this.#options), by: primary };
    });
    for (let from = 0; from < found.length; from += batchSize) {
      if (from > 0) {
        await this.#sender.send((primary) => {
          if (primary !== by) throw cursorNotFound();
        });
      }
      yield* found.slice(from, from + batchSize);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
