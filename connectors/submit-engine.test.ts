/** The engine on a set in memory: what it claims, sends and hands back as the state of the set changes. */
import { expect, test } from "bun:test";
import type { SetState } from "#core/directory/set-states.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Bell, Lease, Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { type AccountId, createIdMint, type ProviderId, type SetId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { type Logger, silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import type { Connector, SubmitResult } from "./connector.ts";
import { runSubmitEngine } from "./submit-engine.ts";

const WINDOW = 4;
/** A slot is kept for alerts. */
const IN_FLIGHT = WINDOW - 1;
const MESSAGES = 20;
const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const lane = lanes.submit(provider, "bulk");
const mint = createIdMint({ clock: systemClock, random: systemRandom });

/** Takes as many as its window, and answers none before the test says so. */
function createHeldProvider() {
  const sent: string[] = [];
  let answers: (() => void)[] = [];
  let isOpen = false;
  const connector: Connector = {
    provider,
    window: WINDOW,
    get inFlight() {
      return answers.length;
    },
    health: "bound",
    freeSlots: (urgent) => WINDOW - answers.length - (urgent ? 0 : 1),
    async submit(segment, mayWrite): Promise<SubmitResult> {
      if (!mayWrite()) return { type: "not_sent", reason: "aborted" };
      sent.push(segment.messageId);
      if (!isOpen) await new Promise<void>((resolve) => answers.push(resolve));
      return { type: "accepted", providerMessageId: mint.unique() };
    },
    // A slot comes free with an answer, which wakes the engine anyhow.
    onChange: () => ({ [Symbol.dispose]() {} }),
    async drain() {},
    async [Symbol.asyncDispose]() {},
  };
  /** Those that wait for theirs; later ones wait again. */
  const answerNow = (): void => {
    for (const answer of answers) answer();
    answers = [];
  };
  const answerAll = (): void => {
    isOpen = true;
    answerNow();
  };
  return { connector, sent, answerNow, answerAll };
}

function message(segments = 1): SubmitItem {
  const text = "hi".padEnd((segments - 1) * 153 + 2, "!");
  const texts = { to: "+61400000001" as E164, from: "Shop" as Sender, text };
  const ids = { id: mint.messageId(set), account: "demo" as AccountId, provider };
  return { ...ids, ...texts, class: "bulk", encoding: "gsm7", segments, attempt: 1, tries: 0 };
}

const many = (count: number): readonly SubmitItem[] => Array.from({ length: count }, () => message());

/** As a quiet set's: it rings for what is put there, and for nothing else. */
function silence(store: Store): Store {
  const silent: Bell = {
    async wait(ms, signal) {
      await systemClock.sleep(ms, signal);
      return false;
    },
    [Symbol.dispose]() {},
  };
  return Object.assign(store, { bell: () => silent });
}

async function setup(
  first: SetState,
  messages: readonly (readonly SubmitItem[])[] = [many(MESSAGES)],
  deps: { readonly clock?: Clock; readonly log?: Logger } = {},
) {
  const store = silence(createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom }));
  for (const some of messages) await store.commit({ chunks: toSubmitChunks(mint, lane, some) });
  const { connector, sent, answerNow, answerAll } = createHeldProvider();
  const marks = watchMarks(store, () => sent.length - (WINDOW - connector.freeSlots(true)));
  const metrics = createMetrics();
  const stop = new AbortController();
  let state = first;
  const running = runSubmitEngine(
    {
      ...{ provider, connector, stores: [store], stateOf: () => state, mint, policy: () => "keep" },
      ...{ clock: systemClock, log: silentLogger, owner: "test", onSubmitted: () => undefined, ...deps },
      ...{ submits: metrics.counter("s", ""), settleSeconds: metrics.histogram("t", "", [1]) },
    },
    stop.signal,
  );
  return {
    ...{ store, sent, answerNow, answerAll, marks },
    is: (next: SetState) => {
      state = next;
    },
    waiting: async () => (await store.depth()).get(lane)?.items ?? 0,
    async [Symbol.asyncDispose]() {
      answerAll();
      stop.abort();
      await running;
    },
  };
}

test("a set that becomes readonly: what is in flight is settled, the rest goes back, no more is sent", async () => {
  await using bench = await setup("up");
  const { answerAll, is, sent, store, waiting } = bench;
  await until("a full window", 5_000, () => sent.length === IN_FLIGHT || undefined, 1);
  is("readonly");
  answerAll();
  await until(
    "the unsent back on its lane",
    5_000,
    async () => (await waiting()) === MESSAGES - IN_FLIGHT || undefined,
    5,
  );
  const free = await store.claim({ lanes: [lane], itemsMax: 512, leaseMs: 1, owner: "test" });
  expect(free.map(({ progress }) => progress.priorMark)).toEqual([0]);
  expect(sent.length).toBe(IN_FLIGHT);
  const [{ writer } = { writer: undefined }] = await store.events.writers();
  const batches = writer === undefined ? [] : await store.events.read(new Map([[writer, 0]]), 100);
  const types = batches.flatMap(({ events }) => events.map(({ type }) => type));
  expect(types).toEqual(Array.from({ length: IN_FLIGHT }, () => "submitted" as const));

  await store.release(
    free.map(({ lease }) => lease),
    0,
  );
  is("drain");
  await until("all sent, each once", 5_000, async () => (await waiting()) === 0 || undefined, 5);
  expect(new Set(sent).size).toBe(MESSAGES);
  expect(sent.length).toBe(MESSAGES);
});

test.each(["readonly", "retired"] as const)("nothing is claimed from a set that is %s", async (state) => {
  await using bench = await setup(state);
  await systemClock.sleep(150);
  const [chunk] = await bench.store.claim({ lanes: [lane], itemsMax: 512, leaseMs: 1, owner: "test" });
  expect(chunk?.deliveries).toBe(1);
  expect(bench.sent).toEqual([]);
});

test("a backlog goes on as the window comes free, though nothing rings for what has long been waiting", async () => {
  const chunks = Array.from({ length: MESSAGES / WINDOW }, () => many(WINDOW));
  await using bench = await setup("up", chunks);
  const allSent = (): true | undefined => {
    bench.answerNow();
    return bench.sent.length === MESSAGES || undefined;
  };
  // Slower than claims follow each other: the window is full when the next one is due.
  await until("all sent", 5_000, allSent, 80);
});

test("a renewal that no longer finds a chunk, as it was acknowledged meanwhile, tells of no lost lease", async () => {
  const infos: string[] = [];
  const log: Logger = { ...silentLogger, info: (event) => void infos.push(event) };
  // Renewals at every turn instead of each 5 s.
  const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms === 5_000 ? 1 : ms, signal) };
  await using bench = await setup("up", [many(2)], { clock, log });
  const { answerAll, store, waiting } = bench;
  const held = Promise.withResolvers<void>();
  const { renew } = store;
  let asked = 0;
  store.renew = async (holds, leaseMs) => {
    asked += 1;
    await held.promise;
    return renew.call(store, holds, leaseMs);
  };
  await until("a renewal under way", 5_000, () => asked > 0 || undefined, 1);
  answerAll();
  await until("the chunk acknowledged", 5_000, async () => (await waiting()) === 0 || undefined, 1);
  held.resolve();
  await until("the next renewals", 5_000, () => infos.length > 0 || asked > 0 || undefined, 1);
  await systemClock.sleep(0);
  expect(infos).toEqual([]);
});

/** The most segments at once that were below the marks of this store and had no answer yet. */
function watchMarks(store: Store, answered: () => number): { readonly most: () => number } {
  const { claim, commit } = store;
  const marks = new Map<string, number>();
  let most = 0;
  const note = ({ chunk }: Lease, mark: number): void => {
    marks.set(chunk, mark);
    const marked = [...marks.values()].reduce((sum, one) => sum + one, 0);
    most = Math.max(most, marked - answered());
  };
  store.claim = async (options) => {
    const holds = await claim.call(store, options);
    for (const { lease, progress } of holds) note(lease, progress.mark);
    return holds;
  };
  store.commit = async (step) => {
    const result = await commit.call(store, step);
    if (result.type === "committed") for (const { lease, mark } of step.marks ?? []) note(lease, mark);
    return result;
  };
  return { most: () => most };
}

test("many chunks of long messages: no more than a window of segments is ever below their marks", async () => {
  const chunks = Array.from({ length: 6 }, () => [message(3)]);
  await using bench = await setup("up", [...chunks, [message(3), message(3), message(3)]]);
  const all = 3 * (chunks.length + 3);
  const allSent = (): true | undefined => {
    bench.answerNow();
    return bench.sent.length === all || undefined;
  };
  await until("all sent", 20_000, allSent, 30);
  expect(bench.marks.most()).toBeGreaterThan(1);
  expect(bench.marks.most()).toBeLessThanOrEqual(WINDOW);
});
