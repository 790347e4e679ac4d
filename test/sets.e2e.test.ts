/**
 * Sets come and go while messages flow: a third set is added by a rolling restart and brought up, the first one is
 * drained and retired. No request is refused but for a moment, nothing is lost, and PostgreSQL equals the fold.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { goBack } from "#testkit/go-back.ts";
import type { Platform, RoleName } from "#testkit/platform.ts";
import type { ReplicaSet } from "#testkit/replica-set.ts";
import { until } from "#testkit/until.ts";
import { audit } from "./audit.ts";
import { compareReports, followEvents, readSubmits, untilFinal } from "./evidence.ts";
import { openTestPlatform, type TestPlatform } from "./open-test-platform.ts";
import { type SampleMessage, sampleMessages } from "./sample-messages.ts";
import type { AcknowledgedMessage } from "./send.ts";
import { post } from "./send.ts";

const PER_SECOND = 30;
const MESSAGES_MAX = 6_000;
const WAIT_MS = 60_000;
const ROOT = join(import.meta.dir, "..");

let bench: TestPlatform;
beforeAll(async () => {
  bench = await openTestPlatform();
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose](), 60_000);

/** Sends at a steady rate until told to stop. What is refused for a moment is sent again, as a customer would. */
function sendSteadily(platform: Platform) {
  const acknowledged: AcknowledgedMessage[] = [];
  const refused: { readonly status: number; readonly body: string }[] = [];
  const uncertain: SampleMessage[] = [];
  let isEdgeAway = false;
  const stop = new AbortController();
  const open = new Set<Promise<void>>();

  async function sendOne({ segments, ...body }: SampleMessage): Promise<void> {
    for (;;) {
      // A connection of its own: one that is kept may be closed by an edge that drains just when it is used again.
      const answer = await post(platform, body, { keepalive: false });
      if (answer.status === 202) {
        acknowledged.push({ ...body, segments, id: z.object({ id: z.string() }).parse(JSON.parse(answer.body)).id });
        return;
      }
      // While the only edge is started again nobody listens: nothing was sent then.
      const isAway = answer.status === 0 && /refused|unable to connect/i.test(answer.body);
      const isBusy = answer.status === 503 && !answer.body.includes("outcome_unknown");
      // A connection that the closing edge had not taken yet is reset: nobody can tell, so it is not sent again.
      if (answer.status === 0 && !isAway && isEdgeAway) uncertain.push({ ...body, segments });
      else if (!isAway) refused.push(answer);
      if (!isAway && !isBusy) return;
      await systemClock.sleep(250);
    }
  }
  const sending = (async () => {
    for (const message of sampleMessages(MESSAGES_MAX, "Godwit")) {
      if (stop.signal.aborted) break;
      const one = sendOne(message);
      open.add(one);
      void one.finally(() => open.delete(one));
      await systemClock.sleep(1_000 / PER_SECOND);
    }
    await Promise.all(open);
  })();
  return {
    acknowledged,
    refused,
    uncertain,
    whileEdgeIsAway: async (run: () => Promise<void>): Promise<void> => {
      isEdgeAway = true;
      await run();
      isEdgeAway = false;
    },
    on: (set: string): number => acknowledged.filter(({ id }) => id.startsWith(`${set}-`)).length,
    stop: () => {
      stop.abort();
      return sending;
    },
  };
}

/** `godwit sets …`, as an operator types it. */
async function sets(platform: Platform, ...args: readonly string[]) {
  const data = dirname(dirname(platform.operatorFile));
  const argv = [process.execPath, join(ROOT, "cli/main.ts"), "sets", ...args, "--data", data];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

function setOf(platform: Platform, name: string): ReplicaSet {
  const set = platform.sets.find((candidate) => candidate.name === name);
  if (set === undefined) throw new Error(`no set ${name}`);
  return set;
}

async function startAgain(platform: Platform, name: RoleName): Promise<void> {
  const role = platform.roles.get(name);
  await role?.restart();
  await role?.waitForReady(WAIT_MS);
}

async function partsOf(platform: Platform, name: RoleName): Promise<Readonly<Record<string, boolean>>> {
  const response = await fetch(`${platform.roles.get(name)?.url}/readyz`);
  return z.object({ parts: z.record(z.string(), z.boolean()) }).parse(await response.json()).parts;
}

async function addSet(platform: Platform, traffic: ReturnType<typeof sendSteadily>, set: string): Promise<void> {
  await platform.addSet({ set, region: "syd" });
  expect(await sets(platform, "readonly", set)).toMatchObject({ code: 0 });
  await until("a worker without its address to show it", WAIT_MS, async () => {
    return (await partsOf(platform, "worker"))[`set ${set}`] === false || undefined;
  });
  for (const name of ["worker", "connectors", "projector"] as const) await startAgain(platform, name);
  await traffic.whileEdgeIsAway(() => startAgain(platform, "edge"));
  expect((await partsOf(platform, "worker"))[`set ${set}`]).toBe(true);
}

const isEmpty = async (store: Store | undefined): Promise<true | undefined> =>
  (await store?.depth())?.size === 0 || undefined;

test("a set is added, another one drained and retired, under load: nothing is lost", async () => {
  const { platform } = bench;
  const traffic = sendSteadily(platform);
  await until("messages on syd1", WAIT_MS, () => traffic.on("syd1") > 50 || undefined);
  await addSet(platform, traffic, "syd2");
  expect(traffic.on("syd2")).toBe(0);

  expect(await sets(platform, "up", "syd2")).toMatchObject({ code: 0 });
  await until("messages on syd2", WAIT_MS, () => traffic.on("syd2") > 50 || undefined);
  const tooEarly = await sets(platform, "retire", "syd1");
  expect([tooEarly.code, tooEarly.err]).toEqual([1, "syd1 is up: 'godwit sets drain syd1' comes first.\n"]);

  await using stack = new AsyncDisposableStack();
  const stores = (await platform.openStores()).map((store) => stack.use(store));
  const syd1 = stores.find((store) => `${store.set}` === "syd1");
  expect(await sets(platform, "drain", "syd1")).toMatchObject({ code: 0 });
  await systemClock.sleep(2_000);
  const before = { syd1: traffic.on("syd1"), syd2: traffic.on("syd2") };
  await until("syd1 to be worked off", WAIT_MS, () => isEmpty(syd1));
  // Nobody repeats a request of before the drain here.
  expect((await sets(platform, "retire", "syd1")).err).toContain("Idempotency-Keys that it took count until");
  await until(
    "syd1 to be retired",
    WAIT_MS,
    async () => (await sets(platform, "retire", "syd1", "--forget-keys")).code === 0 || undefined,
  );
  await until("more messages on syd2", WAIT_MS, () => traffic.on("syd2") > before.syd2 + 100 || undefined);
  await traffic.stop();
  expect(traffic.on("syd1")).toBe(before.syd1);
  expect(traffic.refused.filter(({ status }) => status !== 503)).toEqual([]);

  const follower = followEvents(stores);
  await untilFinal(
    follower,
    traffic.acknowledged.map(({ id }) => id),
  );
  const submits = await readSubmits(platform);
  const { acknowledged, uncertain } = traffic;
  expect(uncertain.length).toBeLessThan(5);
  expect(audit({ acknowledged, uncertain, submits, events: follower.events })).toEqual([]);
  expect(await compareReports(platform, stores, acknowledged.length)).toEqual([]);
  const listed = (await sets(platform, "list", "--json")).out.trim().split("\n");
  expect(listed.map((line) => z.object({ set: z.string(), state: z.string() }).parse(JSON.parse(line)))).toEqual([
    { set: "syd1", state: "retired" },
    { set: "fra1", state: "up" },
    { set: "syd2", state: "up" },
  ]);
}, 300_000);

test("a set that has gone back in time is marked by the projector, and made whole from PostgreSQL", async () => {
  const { platform } = bench;
  const taking: readonly RoleName[] = ["edge", "worker", "connectors"];
  for (const name of taking) await platform.roles.get(name)?.stop();
  await using stack = new AsyncDisposableStack();
  const stores = (await platform.openStores()).map((store) => stack.use(store));
  const syd2 = stores.find((store) => `${store.set}` === "syd2");
  await goBack(setOf(platform, "syd2"));
  expect((await compareReports(platform, stores, 1)).length).toBeGreaterThan(0);
  await startAgain(platform, "projector");
  await until("the projector to mark it", WAIT_MS, async () => (await syd2?.standing()) === "restored" || undefined);

  for (const name of taking) await startAgain(platform, name);
  const far = await post(platform, { to: "+61491570006", from: "Godwit", text: "Which way?" });
  expect([far.status, far.body]).toEqual([202, expect.stringContaining('"id":"fra1-')]);
  const refused = await sets(platform, "reconcile", "syd2");
  // The events that are gone, and the end of their writer where the projector had read that too.
  const ahead = expect.stringMatching(/^PostgreSQL is ahead of syd2: it has [12] batches of 1 writers/);
  expect([refused.code, refused.out]).toEqual([1, ahead]);
  expect(await sets(platform, "reconcile", "syd2", "--accept")).toMatchObject({ code: 0, err: "" });
  await until("messages on syd2 again", WAIT_MS, async () => {
    const answer = await post(platform, { to: "+61491570006", from: "Godwit", text: "Back?" });
    return answer.body.includes('"id":"syd2-') || undefined;
  });
  await until("PostgreSQL to equal the fold", WAIT_MS, async () => {
    return (await compareReports(platform, stores, 1)).length === 0 || undefined;
  });
}, 180_000);
