/** One key, one message (invariant I11) with edges over real replica sets, real sockets, and a restart in between. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createApiKey } from "#core/directory/api-key.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import { changeSet, nameSets } from "#core/directory/set-states.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageId, SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers, type TestServers } from "#testkit/servers.ts";
import { until } from "#testkit/until.ts";
import { directoryOf, VALID } from "./cases/world.ts";
import { STEPS_IN_FLIGHT } from "./committer.ts";
import { serveOnBun } from "./main.bun.ts";
import { startEdge } from "./start-edge.ts";

const REPEATS = 20;
const TIMEOUT_MS = 60_000;
const base = { clock: systemClock, random: systemRandom, log: silentLogger };

let servers: TestServers;
let key: Awaited<ReturnType<typeof createApiKey>>;
let directory: DirectoryInput;

beforeAll(async () => {
  servers = await openTestServers({ sets: 2, postgres: false });
  for (const { uri, database } of servers.sets) await setupMongoSchemaAt(uri, database);
  key = await createApiKey("acme1", systemRandom);
  directory = directoryOf(key, await createApiKey("other1", systemRandom));
  await using stores = await openStores("operator");
  await putDirectory([...stores.bySet.values()], directory);
}, TIMEOUT_MS);
afterAll(() => servers[Symbol.asyncDispose]());

const openStores = (owner: string) => {
  const sets = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
  return openMongoStores(sets, { ...base, owner, writers: STEPS_IN_FLIGHT });
};

const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;

interface RunningEdge extends AsyncDisposable {
  send(body: object, key: string): Promise<Answer>;
  events(id: string): Promise<readonly string[]>;
}
interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly text: string;
}

/** An edge with connections of its own to the sets, ready to send. */
async function openEdge(owner: string): Promise<RunningEdge> {
  await using opening = new AsyncDisposableStack();
  const stores = opening.use(await openStores(owner));
  const config = { region: "syd", host: "127.0.0.1", port: 0, drainNoticeMs: 0 };
  const list = [...stores.bySet.values()];
  const edge = opening.use(startEdge({ ...base, config, stores: list, serve: serveOnBun }));
  const url = `http://127.0.0.1:${edge.port}`;
  await until("an edge that is ready", 20_000, async () => (await isReady(url)) || undefined);
  const held = opening.move();
  const headers = { authorization: `Bearer ${key.text}`, "content-type": "application/json" };
  return {
    async send(body, idempotencyKey) {
      const init = { method: "POST", headers: { ...headers, "idempotency-key": idempotencyKey } };
      const response = await fetch(`${url}/v1/messages`, { ...init, body: JSON.stringify(body) });
      const replayed = response.headers.get("idempotency-replayed") === "true";
      return { status: response.status, replayed, text: await response.text() };
    },
    async events(id) {
      const store = list.find(({ set }) => id.startsWith(`${set}-`));
      return ((await store?.events.ofMessage(id as MessageId)) ?? []).map(({ type }) => type);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Every message that any set was ever given, by its id. */
async function acceptedIds(): Promise<readonly string[]> {
  await using stores = await openStores("auditor");
  const ids: string[] = [];
  for (const store of stores.bySet.values()) {
    const writers = await store.events.writers();
    const batches = await store.events.read(new Map(writers.map(({ writer }) => [writer, 0])), 10_000);
    ids.push(...batches.flatMap(({ events }) => events.map(({ message }) => message)));
  }
  return ids;
}

const idsOf = ({ text }: Answer): readonly string[] =>
  (JSON.parse(text) as { messages: readonly { id?: string }[] }).messages.flatMap(({ id }) => id ?? []);

test(
  "one key sent 20 times at once through two edges is one set of ids, with one accepted event each, and outlives them",
  async () => {
    const body = { ...VALID, to: ["+61491570006", "+61491570156", "x"] };
    const keys = ["order-1", "order-2", "order-3", "order-4", "order-5"];
    const first = new Map<string, Answer>();
    {
      await using one = await openEdge("edge-one");
      await using two = await openEdge("edge-two");
      for (const name of keys) {
        const answers = await Promise.all(
          Array.from({ length: REPEATS }, (_, i) => (i % 2 ? one : two).send(body, name)),
        );
        expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
        expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
        const fresh = answers.filter(({ replayed }) => !replayed);
        expect(fresh).toHaveLength(1);
        for (const answer of fresh) first.set(name, answer);
        for (const id of fresh.flatMap(idsOf)) expect(await one.events(id)).toEqual(["accepted"]);
        expect((await two.send({ ...body, text: "Another" }, name)).status).toBe(422);
      }
    }
    await using restarted = await openEdge("edge-restarted");
    for (const [name, answer] of first) {
      expect(await restarted.send(body, name)).toEqual({ ...answer, replayed: true });
    }
    const said = [...first.values()].flatMap(idsOf);
    expect((await acceptedIds()).toSorted()).toEqual(said.toSorted());
  },
  TIMEOUT_MS,
);

test(
  "while a set is taken out, edges that learn of it at different times send each key once",
  async () => {
    const keys = Array.from({ length: 60 }, (_, i) => `moved-${i}`);
    const before = await acceptedIds();
    await using one = await openEdge("edge-one");
    await using two = await openEdge("edge-two");
    await using stores = await openStores("operator");
    const list = [...stores.bySet.values()];
    const early = await Promise.all(keys.slice(0, 20).map((name) => one.send(VALID, name)));
    const named = nameSets(
      { sets: [], keyLists: [] },
      list.map(({ set, region }) => ({ set, region })),
    );
    const drained = changeSet(named, { set: "syd1" as SetId, region: "syd", state: "drain" }, systemClock.now());
    const changing = putDirectory(list, { ...directory, ...drained });
    const answers = new Map<string, Set<string>>();
    const settle = async (name: string, edge: RunningEdge): Promise<void> => {
      const { status, text } = await until(`an answer to ${name}`, 30_000, async () => {
        const answer = await edge.send(VALID, name);
        return answer.status === 503 ? undefined : answer;
      });
      expect(status).toBe(202);
      answers.set(name, (answers.get(name) ?? new Set()).add(text));
    };
    await Promise.all([changing, ...keys.flatMap((name) => [settle(name, one), settle(name, two)])]);
    for (const name of keys) await settle(name, two);
    for (const [i, { text }] of early.entries()) expect([...(answers.get(`moved-${i}`) ?? [])]).toEqual([text]);
    expect([...answers.values()].filter((texts) => texts.size !== 1)).toEqual([]);
    expect((await acceptedIds()).length - before.length).toBe(keys.length);
  },
  TIMEOUT_MS,
);
