/** On a real set: a message with an `expire_at`, routed to a provider that no connector serves, ends `expired`. */
import { expect, test } from "bun:test";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { systemClock } from "#domain/clock.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { until } from "#testkit/until.ts";
import { acceptedEvent, inboxItem, provider, setup, syd } from "./testing/bench.ts";
import { runWorker } from "./worker.ts";

const EXPIRES_MS = 1_500;

test("without a connector it waits for its provider, and ends when it expires", async () => {
  await using servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  const { uri, database } = target;
  await setupMongoSchemaAt(uri, database);
  const rest = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "worker", writers: 2 };
  await using store = await openMongoStore({ set: syd, region: "syd", uri, database, ...rest });
  const bench = setup();
  const context = { ...bench.context, stores: new Map([[syd, store]]), clock: systemClock, random: systemRandom };
  await putDirectory([store], { accounts: [], routes: [], numbers: [] });

  const [id, patient] = [context.mint.messageId(syd), context.mint.messageId(syd)];
  const items = [inboxItem(id, { expireAt: systemClock.now() + EXPIRES_MS }), inboxItem(patient)];
  const chunks = [{ id: context.mint.chunkId(), lane: lanes.inbox("bulk"), items }];
  const events = items.map((item) => acceptedEvent(item.id, "Shop", systemClock.now()));
  expect((await store.commit({ events, chunks })).type).toBe("committed");

  const stop = new AbortController();
  const running = runWorker(context, { owner: "worker", signal: stop.signal });
  const statusIn = async (message: typeof id) => statusOf(foldEvents(await store.events.ofMessage(message)));
  try {
    for (const status of ["queued", "expired"]) {
      await until(`status ${status}`, 20_000, async () => (await statusIn(id)) === status || undefined);
    }
  } finally {
    stop.abort();
    await running;
  }
  const types = (await store.events.ofMessage(id)).map(({ type }) => type);
  expect(types.toSorted()).toEqual(["accepted", "billed", "lapsed", "routed"]);
  expect(await statusIn(patient)).toBe("queued");
  const [hold] = await store.claim({
    lanes: [lanes.submit(provider, "bulk")],
    itemsMax: 9,
    leaseMs: 1_000,
    owner: "test",
  });
  expect(hold).toMatchObject({ items: [{ id: patient }], progress: { positions: 1, mark: 0 } });
}, 60_000);
