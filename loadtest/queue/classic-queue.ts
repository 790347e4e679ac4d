/**
 * The classical queue on MongoDB, as those who publish one build it: one document a message with the time of its next
 * delivery, found and leased by findOneAndUpdate, acknowledged by deleteOne. It stands here to be compared with, so it
 * is given every advantage that keeps its promises:
 * - every operation majority-acknowledged and journaled, as ours (many that are published lease and delete without);
 * - one index, on the time alone; no sort, which would make all consumers fight for one document;
 * - no retryable writes: they store an image of every document that is leased;
 * - the body one JSON string, its _id an ObjectId: less to write and index than a tree of fields and an id of ours;
 * - a keyed send's record goes out together with its message, not after it, and has no index but its _id (ours also
 *   expires). That is a promise less than ours: between the two a crash leaves a key without its message.
 */
import { type Collection, type MongoClient, ObjectId } from "mongodb";
import type { SendKey } from "#core/store/store.ts";
import { DURABLE } from "./rig.ts";

interface MessageDocument {
  readonly _id: ObjectId;
  readonly body: string;
  /** Of the next delivery: ready time, or the end of its lease. */
  readonly at: Date;
  readonly token: ObjectId | null;
}

interface KeyDocument {
  readonly _id: string;
  readonly fingerprint: string;
  readonly ids: readonly string[];
  readonly at: Date;
}

/** A leased message. */
export interface Delivery {
  readonly id: ObjectId;
  readonly token: ObjectId;
  readonly body: string;
}

export interface ClassicQueue {
  send(body: string, key: SendKey | undefined): Promise<void>;
  /** Enqueues many at once, for a backlog. */
  sendMany(bodies: readonly string[]): Promise<void>;
  /** One message that is ready, leased; undefined when there is none. */
  receive(): Promise<Delivery | undefined>;
  /** False: somebody else has it by now. */
  acknowledge(delivery: Delivery): Promise<boolean>;
  /** Everything that waits. */
  readAll(): AsyncIterable<{ readonly body: string }>;
  countKeys(): Promise<number>;
}

/** Longer than any measurement: no lease ends in one. */
const LEASE_MS = 120_000;

/** Makes its collections and index. The client must not retry writes. */
export async function openClassicQueue(client: MongoClient, database: string): Promise<ClassicQueue> {
  const db = client.db(database);
  const messages: Collection<MessageDocument> = db.collection("classic_messages", DURABLE);
  const keys: Collection<KeyDocument> = db.collection("classic_keys", DURABLE);
  await messages.createIndex({ at: 1 });
  await db.createCollection("classic_keys");
  const toDocument = (body: string): MessageDocument => ({ _id: new ObjectId(), body, at: new Date(), token: null });

  return {
    async send(body, key) {
      const inserted = messages.insertOne(toDocument(body));
      if (key === undefined) await inserted;
      else await Promise.all([inserted, keys.insertOne(toKeyDocument(key))]);
    },
    async sendMany(bodies) {
      await messages.insertMany(bodies.map(toDocument), { ordered: false });
    },
    async receive() {
      const [now, token] = [Date.now(), new ObjectId()];
      const ready = { at: { $lte: new Date(now) } };
      const lease = { $set: { at: new Date(now + LEASE_MS), token } };
      const found = await messages.findOneAndUpdate(ready, lease, { projection: { body: 1 } });
      return found === null ? undefined : { id: found._id, token, body: found.body };
    },
    async acknowledge({ id, token }) {
      return (await messages.deleteOne({ _id: id, token })).deletedCount === 1;
    },
    readAll: () => messages.find({}, { projection: { body: 1 } }),
    countKeys: () => keys.countDocuments(),
  };
}

function toKeyDocument({ id, record }: SendKey): KeyDocument {
  return { _id: id, fingerprint: record.fingerprint, ids: record.ids, at: new Date(record.at) };
}
