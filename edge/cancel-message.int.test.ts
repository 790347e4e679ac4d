/** On a real set, with workers at work: of two who decide on a message at the same moment exactly one does. */
import { expect, test } from "bun:test";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { createDirectory } from "#core/directory/write-directory.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { acceptedEvent, demo, inboxItem, provider, setup, syd } from "#core/worker/testing/bench.ts";
import { runWorker } from "#core/worker/worker.ts";
import { systemClock } from "#domain/clock.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { until } from "#testkit/until.ts";
import { cancelMessage } from "./cancel-message.ts";

const MESSAGES = 60;
const DUE_MS = 2_000;
/** Cancelled from so long before they are due until so long after: the first are in time, the last are not. */
const BEFORE_MS = 500;
const AFTER_MS = 3_500;

test("messages that fall due while they are cancelled are cancelled or sent, never both or neither", async () => {
  await using servers = await openTestServers({ sets: 1, postgres: false });
  const [target] = servers.sets;
  if (target === undefined) throw new Error("No replica set was started");
  const { uri, database } = target;
  await setupMongoSchemaAt(uri, database);
  const rest = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "worker", writers: 2 };
  await using store = await openMongoStore({ set: syd, region: "syd", uri, database, ...rest });
  const bench = setup();
  const context = { ...bench.context, stores: new Map([[syd, store]]), clock: systemClock, random: systemRandom };
  const nobody = { accounts: [], routes: [], numbers: [] };
  await putDirectory([store], nobody);

  const notBefore = systemClock.now() + DUE_MS;
  const ids = Array.from({ length: MESSAGES }, () => context.mint.messageId(syd));
  for (const id of ids) {
    const chunk = { id: context.mint.chunkId(), lane: lanes.inbox("bulk"), items: [inboxItem(id, { notBefore })] };
    const event = { ...acceptedEvent(id, "Shop", systemClock.now()), notBefore };
    const step = { events: [event], chunks: [{ ...chunk, delayMs: DUE_MS }] };
    expect((await store.commit(step)).type).toBe("committed");
  }

  const stop = new AbortController();
  const workers = ["one", "two"].map((owner) => runWorker(context, { owner, signal: stop.signal }));
  const deps = { stores: new Map([[syd, store]]), clock: systemClock, mint: context.mint };
  const caller = { account: demo, directory: createDirectory(nobody) };
  const cancel = async (id: (typeof ids)[number], i: number): Promise<string> => {
    await systemClock.sleep(notBefore - systemClock.now() - BEFORE_MS + ((BEFORE_MS + AFTER_MS) * i) / MESSAGES);
    for (;;) {
      const { type } = await cancelMessage(deps, caller, id);
      if (type !== "unavailable") return type;
    }
  };
  try {
    const answers = await Promise.all(ids.map(cancel));
    const depth = async () => (await store.depth()).get(lanes.inbox("bulk"))?.chunks ?? 0;
    await until("an empty inbox", 20_000, async () => (await depth()) === 0 || undefined);
    for (const [i, id] of ids.entries()) {
      const types = (await store.events.ofMessage(id)).map(({ type }) => type).toSorted();
      const wanted = answers[i] === "cancelled" ? ["accepted", "rejected"] : ["accepted", "billed", "routed"];
      expect([answers[i], types]).toEqual([expect.stringMatching(/^(cancelled|too_late)$/), wanted]);
    }
    const submits = (await store.depth()).get(lanes.submit(provider, "bulk"))?.items ?? 0;
    expect(submits).toBe(answers.filter((answer) => answer === "too_late").length);
    expect(new Set(answers)).toEqual(new Set(["cancelled", "too_late"]));
  } finally {
    stop.abort();
    await Promise.all(workers);
  }
}, 60_000);
