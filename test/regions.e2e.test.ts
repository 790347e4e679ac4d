/** Two regions, 120 ms apart: an edge writes to its near set while that is healthy, else to the far one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import { openSocksProxy, type SocksProxy } from "#testkit/socks-proxy.ts";
import { until } from "#testkit/until.ts";
import { followEvents, untilFinal } from "./evidence.ts";
import { openTestPlatform, type TestPlatform } from "./open-test-platform.ts";
import { sampleMessages } from "./sample-messages.ts";
import { post, type Sending, sendEach } from "./send.ts";

const ROUND_TRIP_MS = 120;

let bench: TestPlatform;
let far: SocksProxy;
beforeAll(async () => {
  far = await openSocksProxy();
  far.setDelayMs(ROUND_TRIP_MS / 2);
  const proxied = { proxyHost: "127.0.0.1", proxyPort: `${far.port}` };
  // All of them are in syd: their way to fra is the long one.
  bench = await openTestPlatform({
    setUriOptions: (_, set) => (set === "fra1" ? proxied : ({} as Record<string, string>)),
  });
}, 120_000);
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await far[Symbol.asyncDispose]();
}, 60_000);

const setOf = (id: string): string => id.slice(0, id.indexOf("-"));

test("a syd edge writes to syd while it is healthy, to fra while it is not, and to syd again", async () => {
  const { platform, stores } = bench;
  const follower = followEvents(stores);
  const sending: Sending = { acknowledged: [], unacknowledged: [] };
  const messages = sampleMessages(300, "Godwit");
  const send = (from: number, to: number): Promise<void> =>
    sendEach(platform, messages.slice(from, to), { connections: 8, sending });

  await send(0, 100);
  expect(new Set(sending.acknowledged.map(({ id }) => setOf(id)))).toEqual(new Set(["syd1"]));

  const [syd] = platform.sets;
  if (syd === undefined) throw new Error("No set in syd");
  await Promise.all(syd.members.map((member) => member.kill()));
  // The first ones may hear that nobody knows; from then on the far set takes them.
  await until("a message to be accepted by fra", 60_000, async () => {
    const answer = await post(platform, { to: "+61491570007", from: "Godwit", text: "anybody there?" });
    return answer.status === 202 && setOf((JSON.parse(answer.body) as { id: string }).id) === "fra1" ? true : undefined;
  });
  const before = sending.acknowledged.length;
  const startedAt = systemClock.monotonic();
  await send(100, 200);
  const elapsedMs = systemClock.monotonic() - startedAt;
  const away = sending.acknowledged.slice(before);
  expect(away.length).toBe(100);
  expect(new Set(away.map(({ id }) => setOf(id)))).toEqual(new Set(["fra1"]));
  // 100 messages over 8 connections are 12 rounds, each a commit of three long round trips: the delay was really there.
  expect(elapsedMs).toBeGreaterThan(12 * ROUND_TRIP_MS);
  await untilFinal(
    follower,
    away.map(({ id }) => id),
  ).catch((error: unknown) => {
    throw new Error(`Messages on fra did not go on while syd was away: ${String(error)}`);
  });

  await Promise.all(syd.members.map((member) => member.restart()));
  await syd.waitForHealthy(60_000);
  await until("the edge to find syd again", 60_000, async () => {
    const answer = await post(platform, { to: "+61491570008", from: "Godwit", text: "back?" });
    return answer.status === 202 && setOf((JSON.parse(answer.body) as { id: string }).id) === "syd1" ? true : undefined;
  });
  await send(200, 300);
  await untilFinal(
    follower,
    sending.acknowledged.map(({ id }) => id),
  );
}, 240_000);
