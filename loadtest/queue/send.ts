/**
 * Sending: producers of single messages in a closed loop, each waiting until its message is durable. The classical
 * queue writes each by itself; ours and the floor gather what waits into one write. Half of the sends carry a key that
 * must be free. The floor is insertMany of the same messages into a bare collection, without keys: what this set can
 * take in with this client, at these batches.
 */
import type { CommitResult, NewChunk, SendKey, Step, Store } from "#core/store/store.ts";
import type { InboxItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import type { Figures } from "../bench-seam.ts";
import { openClassicQueue } from "./classic-queue.ts";
import { createGroupCommit } from "./group-commit.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { createMessages, indexOf, keyOf } from "./messages.ts";
import { median, medianPerSecond, medianRatio, rateFigure, repeat } from "./repeat.ts";
import { type BenchDatabase, mint, type Part, type QueueRig } from "./rig.ts";
import { createTally, type Tally } from "./tally.ts";

export const LANE = lanes.inbox("bulk");
/**
 * Connections of the classical queue. Measured on two quiet cores, sent by the second: with 64 producers, who have up
 * to 96 operations under way, 32: 1,360, 64: 1,540, 100: 2,040; with 512 producers 64: 1,470, 100: 1,650, 256: 1,670,
 * 512: 1,420.
 */
const CLASSIC_CONNECTIONS = 100;
/** Writes under way of ours and of the floor, as of the edge. 2 with 64 producers, or 2 and 4 with 512: the same. */
const IN_FLIGHT_MAX = 1;
const KEYS_A_LOOK_UP = 512;

export const sendPart: Part = { name: "send", run: (rig) => compareSends(rig, 64, "send") };
export const send512Part: Part = { name: "send512", run: (rig) => compareSends(rig, 512, "send512") };

async function compareSends(rig: QueueRig, producers: number, name: string): Promise<Figures> {
  const batches: number[] = [];
  const { classic, ours, floor } = await repeat(rig, `${name}, ${producers} producers`, {
    classic: () => sendClassic(rig, producers),
    ours: () => sendOurs(rig, producers, batches),
    floor: () => sendFloor(rig, producers),
  });
  return {
    [`${name}_over_classic`]: medianRatio(ours, classic),
    [`${name}_over_floor`]: medianRatio(ours, floor),
    [`${name}_per_s`]: medianPerSecond(ours),
    [`${name}_messages_per_step`]: median(batches),
    [`${name}_ours`]: rateFigure(ours),
    [`${name}_classic`]: rateFigure(classic),
    [`${name}_floor`]: rateFigure(floor),
  };
}

async function sendClassic(rig: QueueRig, producers: number): Promise<Rate> {
  await using database = await rig.openDatabase();
  const client = await database.openClient({ maxPoolSize: CLASSIC_CONNECTIONS });
  const queue = await openClassicQueue(client, database.name);
  const [messages, tally] = [createMessages(), createTally()];
  let keyed = 0;
  const rate = await measureRate(rig, {
    loops: producers,
    async body() {
      const item = messages.next();
      const key = keyOf(item);
      await queue.send(JSON.stringify(item), key);
      tally.sent(indexOf(item));
      if (key !== undefined) keyed++;
      return 1;
    },
  });
  for await (const { body } of queue.readAll()) tally.received(indexOf(JSON.parse(body) as InboxItem));
  const keys = await queue.countKeys();
  if (keys !== keyed) rig.fail(`send, classic: ${keys} keys of ${keyed}`);
  for (const failure of tally.failures()) rig.fail(`send, classic: ${failure}`);
  return rate;
}

export interface KeyedMessage {
  readonly item: InboxItem;
  readonly key: SendKey | undefined;
}

/** `batches` hears how many messages each step held. */
async function sendOurs(rig: QueueRig, producers: number, batches: number[]): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const [messages, tally] = [createMessages(), createTally()];
  const taken: SendKey[] = [];
  const group = createGroupCommit<KeyedMessage>({
    inFlightMax: IN_FLIGHT_MAX,
    write(batch) {
      batches.push(batch.length);
      return commit(store, toSendStep(batch));
    },
  });
  const rate = await measureRate(rig, {
    loops: producers,
    async body() {
      const item = messages.next();
      const key = keyOf(item);
      await group.send({ item, key });
      tally.sent(indexOf(item));
      if (key !== undefined) taken.push(key);
      return 1;
    },
  });
  await readChunksInto(tally, database);
  for (const failure of tally.failures()) rig.fail(`send, ours: ${failure}`);
  const missing = await countMissingKeys(store, taken);
  if (missing > 0) rig.fail(`send, ours: ${missing} keys of ${taken.length} are not there, or another's`);
  return rate;
}

/** One chunk and the keys of its keyed messages: all of it or nothing. */
export function toSendStep(batch: readonly KeyedMessage[]): Step {
  const chunk: NewChunk = { id: mint.chunkId(), lane: LANE, items: batch.map(({ item }) => item) };
  return { chunks: [chunk], sendKeys: batch.flatMap(({ key }) => key ?? []) };
}

/** Commits, or throws: no step of this bench may fail. */
export async function commit(store: Store, step: Step): Promise<void> {
  assertCommitted(await store.commit(step));
}

export function assertCommitted(result: CommitResult): void {
  if (result.type === "committed") return;
  const cause = result.type === "failed" || result.type === "unknown" ? `: ${String(result.error.cause)}` : "";
  throw new Error(`A step of the bench came back ${result.type}${cause}`);
}

/** Every item of every chunk that waits, straight from the documents. */
export async function readChunksInto(tally: Tally, database: BenchDatabase): Promise<void> {
  const client = await database.openClient();
  const chunks = client.db(database.name).collection<{ readonly items: string }>("chunks");
  for await (const { items } of chunks.find({}, { projection: { items: 1 } })) {
    for (const item of JSON.parse(items) as readonly InboxItem[]) tally.received(indexOf(item));
  }
}

async function countMissingKeys(store: Store, keys: readonly SendKey[]): Promise<number> {
  let missing = 0;
  for (let from = 0; from < keys.length; from += KEYS_A_LOOK_UP) {
    const some = keys.slice(from, from + KEYS_A_LOOK_UP);
    const found = await store.findSendKeys(some.map(({ id }) => id));
    missing += some.filter(({ id, record }) => found.get(id)?.ids[0] !== record.ids[0]).length;
  }
  return missing;
}

async function sendFloor(rig: QueueRig, producers: number): Promise<Rate> {
  await using database = await rig.openDatabase();
  const client = await database.openClient();
  const floor = client.db(database.name).collection<{ readonly body: string }>("floor");
  const [messages, tally] = [createMessages(), createTally()];
  const group = createGroupCommit<InboxItem>({
    inFlightMax: IN_FLIGHT_MAX,
    async write(batch) {
      await floor.insertMany(
        batch.map((item) => ({ body: JSON.stringify(item) })),
        { ordered: false },
      );
    },
  });
  const rate = await measureRate(rig, {
    loops: producers,
    async body() {
      const item = messages.next();
      await group.send(item);
      tally.sent(indexOf(item));
      return 1;
    },
  });
  for await (const { body } of floor.find()) tally.received(indexOf(JSON.parse(body) as InboxItem));
  for (const failure of tally.failures()) rig.fail(`send, floor: ${failure}`);
  return rate;
}
