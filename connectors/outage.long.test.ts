/**
 * A set that stalls for longer than a lease while segments are in flight: its connector claims its own chunks again.
 * What it knows of them must hold: no segment goes out twice unless the log says that it may have.
 */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "#core/metrics/metrics.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { type AccountId, createIdMint, type ProviderId, type SetId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openReplicaSet } from "#testkit/replica-set.ts";
import { findTool } from "#testkit/tools.ts";
import { until } from "#testkit/until.ts";
import type { Connector } from "./connector.ts";
import { runSubmitEngine } from "./submit-engine.ts";

const MESSAGES = 400;
const WINDOW = 20;
const ANSWER_MS = 1_000;
/** A third more than a lease. */
const OUTAGE_MS = 20_000;

const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });

/** Takes every segment, counts it, and answers after a while. */
function createSlowProvider() {
  const sent = new Map<string, number>();
  let inFlight = 0;
  const connector: Connector = {
    provider,
    window: WINDOW,
    get inFlight() {
      return inFlight;
    },
    health: "bound",
    freeSlots: () => WINDOW - inFlight,
    async submit(segment, mayWrite) {
      if (!mayWrite()) return { type: "not_sent", reason: "aborted" };
      inFlight += 1;
      sent.set(segment.messageId, (sent.get(segment.messageId) ?? 0) + 1);
      await systemClock.sleep(ANSWER_MS);
      inFlight -= 1;
      return { type: "accepted", providerMessageId: mint.unique() };
    },
    onChange: () => ({ [Symbol.dispose]() {} }),
    async drain() {},
    async [Symbol.asyncDispose]() {},
  };
  return { connector, sent };
}

function message(): SubmitItem {
  const texts = { to: "+61400000001" as E164, from: "Shop" as Sender, text: "hi" };
  const ids = { id: mint.messageId(set), account: "demo" as AccountId, provider };
  return { ...ids, ...texts, class: "bulk", encoding: "gsm7", segments: 1, attempt: 1, tries: 0 };
}

test.each(["resend", "keep"] as const)(
  "a set away for longer than a lease, policy %s: no silent double",
  async (policy) => {
    await using stack = new AsyncDisposableStack();
    const dataDir = mkdtempSync(join(tmpdir(), "godwit-outage-"));
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const mongod = await findTool("mongod");
    const replicaSet = stack.use(
      await openReplicaSet({ name: set, region: "syd", dataDir, mongodPath: mongod.path, users: [] }),
    );
    await setupMongoSchemaAt(replicaSet.adminUri, "godwit");
    const deps = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "outage" };
    const target = { set, region: "syd", uri: replicaSet.adminUri, database: "godwit" };
    const store = stack.use(await openMongoStore({ ...deps, ...target, writers: 3 }));
    const items = Array.from({ length: MESSAGES }, message);
    await store.commit({ chunks: toSubmitChunks(mint, lanes.submit(provider, "bulk"), items) });

    const { connector, sent } = createSlowProvider();
    const metrics = createMetrics();
    const stop = new AbortController();
    const engine = {
      provider,
      connector,
      stores: [store],
      stateOf: () => "up" as const,
      mint,
      policy: () => policy,
    };
    const counters = { submits: metrics.counter("s", ""), settleSeconds: metrics.histogram("t", "", [1]) };
    const running = runSubmitEngine({ ...deps, ...engine, ...counters, onSubmitted: () => undefined }, stop.signal);
    await until("segments in flight", 30_000, () => (sent.size >= 2 * WINDOW ? true : undefined));
    for (const member of replicaSet.members) member.signal("SIGSTOP");
    await systemClock.sleep(OUTAGE_MS);
    for (const member of replicaSet.members) member.signal("SIGCONT");
    await until("the lane to be empty", 90_000, async () => {
      const depth = await store.depth().catch(() => undefined);
      return depth?.size === 0 || undefined;
    });
    stop.abort();
    await running;

    const batches = await store.events.read(
      new Map((await store.events.writers()).map(({ writer }) => [writer, 0])),
      100_000,
    );
    const events = batches.flatMap((batch) => batch.events);
    const doubted = new Set(events.flatMap((event) => (event.type === "in_doubt" ? [event.message] : [])));
    const doubles = [...sent].filter(([, times]) => times > 1).map(([id]) => id);
    expect(sent.size).toBe(MESSAGES);
    expect(doubles.filter((id) => !([...doubted] as string[]).includes(id))).toEqual([]);
    if (policy === "keep") expect(doubles).toEqual([]);
  },
  240_000,
);
