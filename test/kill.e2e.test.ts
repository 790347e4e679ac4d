/**
 * The same journey with SIGKILL in the middle: the worker, the connector, a mongod primary, the projector and the edge,
 * one after the other while messages flow. Nothing acknowledged is lost; a double is there only where the log says
 * `in_doubt`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RoleName } from "#testkit/platform.ts";
import { createProviderControl } from "#testkit/provider-control.ts";
import { until } from "#testkit/until.ts";
import { audit } from "./audit.ts";
import { compareReports, followEvents, readSubmits, untilFinal } from "./evidence.ts";
import { openTestPlatform, type TestPlatform } from "./open-test-platform.ts";
import { sampleMessages } from "./sample-messages.ts";
import { type Sending, sendEach } from "./send.ts";

const MESSAGES = 2_000;
const CONNECTIONS = 32;
/** Answers and receipts take a while, so that there is something in flight whenever a process dies. */
const BEHAVIOUR = { respDelayMs: 150, receiptDelayMs: 300 };
/** While a connector is about to be killed: whatever it writes is not answered by then. */
const LATE_RESP_DELAY_MS = 3_000;

let bench: TestPlatform;
beforeAll(async () => {
  bench = await openTestPlatform({ simulatorBehaviour: BEHAVIOUR });
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose](), 60_000);

test("SIGKILL of one after the other: nothing acknowledged is lost, no silent double", async () => {
  const { platform, stores } = bench;
  const provider = createProviderControl(platform.simulatorUrl, BEHAVIOUR);
  const follower = followEvents(stores);
  const sending: Sending = { acknowledged: [], unacknowledged: [] };
  const killed: string[] = [];

  /** Messages acknowledged and not yet at their provider: a kill with nothing on the way would prove nothing. */
  async function onTheWay(): Promise<number> {
    await follower.catchUp().catch(() => undefined);
    const done = (id: string): boolean => follower.events.get(id)?.some((event) => event.type === "delivered") === true;
    return sending.acknowledged.filter(({ id }) => !done(id)).length;
  }
  async function killRole(name: RoleName): Promise<void> {
    const role = platform.roles.get(name);
    if (role === undefined) throw new Error(`No role ${name}`);
    const pid = role.pid;
    await role.kill();
    expect(await onTheWay()).toBeGreaterThan(0);
    await role.restart();
    expect(role.pid).not.toBe(pid);
    killed.push(name);
  }
  /** With segments on the wire that have no answer: the next to hold them has to say so. */
  async function killConnectors(): Promise<void> {
    await provider.behave({ respDelayMs: LATE_RESP_DELAY_MS });
    const before = (await provider.counters()).submits;
    const isNewer = async () => (await provider.counters()).submits > before || undefined;
    await until("an unanswered submit", 30_000, isNewer, 20);
    await killRole("connectors");
    await provider.behave({});
  }
  async function killPrimary(): Promise<void> {
    const [set] = platform.sets;
    const old = await set?.primary();
    if (set === undefined || old === undefined) throw new Error("No primary to kill");
    await old.kill();
    const next = await set.waitForPrimary(30_000);
    expect(next.index).not.toBe(old.index);
    await old.restart();
    killed.push("mongod");
  }
  const plan: readonly (readonly [at: number, kill: () => Promise<void>])[] = [
    [200, () => killRole("worker")],
    [500, killConnectors],
    [800, killPrimary],
    [1_200, () => killRole("projector")],
    [1_500, killConnectors],
    [1_700, () => killRole("edge")],
  ];
  let answered = 0;
  const kills = (async () => {
    for (const [at, kill] of plan) {
      await until(`${at} answers`, 120_000, () => answered >= at || undefined, 5);
      await kill();
    }
  })();
  const messages = sampleMessages(MESSAGES, "Godwit");
  const onProgress = (count: number): void => {
    answered = count;
  };
  await Promise.all([sendEach(platform, messages, { connections: CONNECTIONS, sending, onProgress }), kills]);
  expect(killed).toEqual(["worker", "connectors", "mongod", "projector", "connectors", "edge"]);
  // Only what was in hand when the edge died, or while there was none, may go without a 202.
  expect(sending.acknowledged.length).toBeGreaterThan(MESSAGES / 2);
  expect(sending.unacknowledged.filter(({ status }) => status !== 0 && status !== 503)).toEqual([]);

  await untilFinal(
    follower,
    sending.acknowledged.map(({ id }) => id),
  );
  const submits = await readSubmits(platform);
  const uncertain = sending.unacknowledged.map(({ message }) => message);
  expect(audit({ acknowledged: sending.acknowledged, uncertain, submits, events: follower.events })).toEqual([]);
  const doubts = [...follower.events.values()].flat().filter((event) => event.type === "in_doubt").length;
  expect(doubts).toBeGreaterThan(0);
  expect(await compareReports(platform, stores, sending.acknowledged.length)).toEqual([]);
}, 300_000);
