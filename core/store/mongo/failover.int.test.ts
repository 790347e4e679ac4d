/**
 * Steps while their set breaks: a killed primary, a stalled one, a link that swallows the answer. What was said to be
 * committed is there once; what was said to have failed is not there at all; no writer's sequence has a gap.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import type { E164 } from "#domain/e164.ts";
import { type AccountId, createIdMint, type MessageId, type SetId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openReplicaSet, type ReplicaSet } from "#testkit/replica-set.ts";
import { openSocksProxy } from "#testkit/socks-proxy.ts";
import { findTool } from "#testkit/tools.ts";
import { accepted, eventually } from "../conformance/kit.ts";
import { type CommitResult, optOutKey, type Store } from "../store.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { setupMongoSchemaAt } from "./schema.ts";

const set = "syd1" as SetId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
let dataDir: string;
let replicaSet: ReplicaSet;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "godwit-failover-"));
  const mongod = await findTool("mongod");
  replicaSet = await openReplicaSet({ name: set, region: "syd", dataDir, mongodPath: mongod.path, users: [] });
  await setupMongoSchemaAt(replicaSet.adminUri, "godwit");
});
afterAll(async () => {
  await replicaSet[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

function openStore(uri = replicaSet.adminUri): Promise<Store> {
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger };
  return openMongoStore({ set, region: "syd", uri, database: "godwit", owner: "failover", writers: 4, ...deps });
}

interface Sent {
  readonly id: MessageId;
  readonly result: CommitResult["type"];
}

interface Sending {
  /** Grows while it goes on. */
  readonly sent: readonly Sent[];
  readonly done: Promise<unknown>;
  /** Resolves when that many more steps have been committed. */
  committedMore(count: number): Promise<unknown>;
}

/** Commits one step after another on several strands until told to stop. */
function startSending(store: Store, signal: AbortSignal, strands = 6): Sending {
  const sent: Sent[] = [];
  const committed = (): number => sent.filter(({ result }) => result === "committed").length;
  const strand = async (): Promise<void> => {
    while (!signal.aborted) {
      const id = mint.messageId(set);
      const lane = "failover" as Lane;
      const { type } = await store.commit({
        events: [accepted(id)],
        chunks: [{ id: mint.chunkId(), lane, items: [{ id }] }],
      });
      sent.push({ id, result: type });
    }
  };
  return {
    sent,
    done: Promise.all(Array.from({ length: strands }, strand)),
    committedMore(count) {
      const goal = committed() + count;
      return eventually(async () => (committed() >= goal ? true : undefined));
    },
  };
}

/** How often each message is in the log and on the lane, read by a process that was not there. */
async function count(): Promise<{ readonly log: Map<string, number>; readonly lane: Map<string, number> }> {
  await replicaSet.waitForHealthy(60_000);
  await using store = await openStore();
  const writers = (await store.events.writers()).map((record) => [record.writer, 0] as const);
  const log = new Map<string, number>();
  for (const batch of await store.events.read(new Map(writers), 100_000)) {
    for (const event of batch.events) log.set(event.message, (log.get(event.message) ?? 0) + 1);
  }
  const lane = new Map<string, number>();
  const claim = { lanes: ["failover" as Lane], itemsMax: 512, leaseMs: 600_000, owner: "count" };
  for (let holds = await store.claim(claim); holds.length > 0; holds = await store.claim(claim)) {
    for (const { id } of holds.flatMap((hold) => hold.items) as { readonly id: string }[]) {
      lane.set(id, (lane.get(id) ?? 0) + 1);
    }
    await store.commit({ acks: holds.map((hold) => hold.lease) });
  }
  return { log, lane };
}

async function expectTruth(sent: readonly Sent[]): Promise<void> {
  const { log, lane } = await count();
  const wrong = sent.filter(({ id, result }) => {
    const [logged, queued] = [log.get(id) ?? 0, lane.get(id) ?? 0];
    if (result === "committed") return logged !== 1 || queued !== 1;
    if (result === "failed") return logged !== 0 || queued !== 0;
    return logged !== queued || logged > 1;
  });
  expect(wrong).toEqual([]);
}

test("steps while the primary is killed: every answer is the truth, and committing goes on", async () => {
  await using store = await openStore();
  const stop = new AbortController();
  const sending = startSending(store, stop.signal);
  const old = await replicaSet.primary();
  await sending.committedMore(30);
  await old.kill();
  const primary = await replicaSet.waitForPrimary(30_000);
  expect(primary.index).not.toBe(old.index);
  await sending.committedMore(30);
  stop.abort();
  await sending.done;
  const { sent } = sending;
  await old.restart();
  expect(sent.filter(({ result }) => result === "committed").length).toBeGreaterThan(50);
  await expectTruth(sent);
}, 120_000);

test("steps while the primary stalls beyond an election: every answer is the truth", async () => {
  await using store = await openStore();
  const stop = new AbortController();
  const sending = startSending(store, stop.signal);
  const old = await replicaSet.primary();
  await sending.committedMore(30);
  old.signal("SIGSTOP");
  const primary = await replicaSet.waitForPrimary(30_000);
  expect(primary.index).not.toBe(old.index);
  await sending.committedMore(30);
  old.signal("SIGCONT");
  stop.abort();
  await sending.done;
  await expectTruth(sending.sent);
}, 120_000);

test("steps whose answers are swallowed end in doubt or in truth; no number is used twice", async () => {
  await using proxy = await openSocksProxy();
  const uri = `${replicaSet.adminUri}&proxyHost=127.0.0.1&proxyPort=${proxy.port}`;
  const store = await openStore(uri);
  const stop = new AbortController();
  const sending = startSending(store, stop.signal);
  await sending.committedMore(10);
  proxy.blackhole();
  stop.abort();
  await sending.done;
  const { sent } = sending;
  expect(sent.filter(({ result }) => result === "committed").length).toBeGreaterThan(5);
  expect(sent.some(({ result }) => result === "unknown" || result === "failed")).toBe(true);
  proxy.heal();
  await expectTruth(sent);
  await store[Symbol.asyncDispose]();
}, 120_000);

test("a store that is opened while its set is away finds it when it is there", async () => {
  await using proxy = await openSocksProxy();
  proxy.cut();
  await using store = await openStore(`${replicaSet.adminUri}&proxyHost=127.0.0.1&proxyPort=${proxy.port}`);
  expect((await store.commit({ events: [accepted(mint.messageId(set))] })).type).toBe("failed");
  expect(store.ping()).rejects.toThrow("no primary answers");
  proxy.heal();
  await eventually(async () =>
    (await store.ping().then(
      () => true,
      () => false,
    ))
      ? true
      : undefined,
  );
  expect((await store.commit({ events: [accepted(mint.messageId(set))] })).type).toBe("committed");
}, 60_000);

test("500 opt-outs over a far link are one step: it outlives no transaction", async () => {
  await using proxy = await openSocksProxy();
  await using store = await openStore(`${replicaSet.adminUri}&proxyHost=127.0.0.1&proxyPort=${proxy.port}`);
  const account = "far" as AccountId;
  const optOuts = Array.from({ length: 500 }, (_, i) => {
    return { account, number: `+6149${`${i}`.padStart(7, "0")}` as E164, out: true, at: i };
  });
  // A round trip of 30 ms each would be three times the life of a transaction.
  proxy.setDelayMs(15);
  expect(await store.commit({ optOuts })).toEqual({ type: "committed" });
  proxy.setDelayMs(0);
  const held = await store.optedOut(optOuts.map(({ number }) => optOutKey(account, number)));
  expect(held.size).toBe(500);
});
