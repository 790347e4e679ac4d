// What befalls links, seen from the other end of real sockets.

import { describe, expect, test } from "bun:test";
import type { Session } from "#core/smpp/session.ts";
import { bindTestClient, openTestClient } from "#core/smpp/testing/listen.ts";
import { connectRawPeer } from "#core/smpp/testing/raw-peer.ts";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import { openTestSimulator } from "../smpp/testing/open-pair.ts";
import { openSmscSimulator } from "./smsc-simulator.ts";

const SUBMIT = { destination_addr: "491701234567", short_message: Uint8Array.of(0x41), registered_delivery: 1 };
const submit = (session: Session) => session.request("submit_sm", SUBMIT);

describe("half-open links", () => {
  test("answer nothing and stay open, then are reset", async () => {
    await using simulator = await openTestSimulator();
    const session = await bindTestClient(simulator.port, { responseTimeoutMs: 100 });
    expect(simulator.halfOpen(1_500)).toBe(1);
    expect(await submit(session)).toEqual({ type: "unknown", reason: "response_timeout" });
    expect(await session.request("enquire_link", {}, { timeoutMs: 100 })).toMatchObject({ type: "unknown" });
    expect(session.state).toBe("bound");
    expect(simulator.linkLines).toMatchObject([{ state: "half_open", submits: 0 }]);
    expect((await session.closed).reason).toMatch(/^(socket_error|peer_closed)$/);
    expect(simulator.counters).toMatchObject({ halfOpenLinks: 1, submits: 0 });
  });

  test("an ESME that asks whether its peer is there finds out", async () => {
    await using simulator = await openTestSimulator({ halfOpenEvery: 3 });
    const session = await bindTestClient(simulator.port, { enquireLinkMs: 100, enquireLinkTimeoutMs: 100 });
    const results = [submit(session), submit(session), submit(session), submit(session)];
    expect((await Promise.all(results)).map(({ type }) => type)).toEqual([
      "answered",
      "answered",
      "unknown",
      "unknown",
    ]);
    expect((await session.closed).reason).toBe("peer_silent");
    expect(simulator.counters.submits).toBe(3);
  });

  test("receipts go to the link that lives", async () => {
    await using simulator = await openTestSimulator({ receiptDelayMs: 100 });
    const received: string[] = [];
    const receive = (name: string) => ({
      onRequest: () => {
        received.push(name);
        return { status: 0 };
      },
    });
    await using dying = await bindTestClient(simulator.port, receive("dying"));
    await using living = await bindTestClient(simulator.port, receive("living"));
    for (let i = 0; i < 20; i++) await submit(dying);
    simulator.halfOpen(60_000, { link: 1 });
    await until("all receipts", 5_000, () => (received.length === 20 ? true : undefined));
    expect(new Set(received)).toEqual(new Set(["living"]));
    dying.destroy();
    expect(living.state).toBe("bound");
  });
});

describe("ends of links", () => {
  test("every so many seconds all links of an account are unbound", async () => {
    await using simulator = await openTestSimulator({ unbindEverySeconds: 1 });
    const sessions = await Promise.all([1, 2, 3].map(() => bindTestClient(simulator.port)));
    const reasons = await Promise.all(sessions.map(async ({ closed }) => (await closed).reason));
    expect(reasons).toEqual(["peer_unbound", "peer_unbound", "peer_unbound"]);
    expect(simulator.counters.unbinds).toBe(3);
    const again = await bindTestClient(simulator.port);
    expect((await again.closed).reason).toBe("peer_unbound");
  });

  test("a storm may be one account's alone, also when it has not bound yet", async () => {
    await using simulator = await openTestSimulator();
    simulator.setBehaviourOf("a", { unbindEverySeconds: 1 });
    const stormy = await bindTestClient(simulator.port, { systemId: "a" });
    await using calm = await bindTestClient(simulator.port, { systemId: "b" });
    expect((await stormy.closed).reason).toBe("peer_unbound");
    expect([calm.state, simulator.counters.unbinds]).toEqual(["bound", 1]);
  });

  test("every so many seconds all links are cut, with a FIN or a reset", async () => {
    for (const dropBy of ["close", "reset"] as const) {
      await using simulator = await openTestSimulator({ dropLinksEverySeconds: 1, dropBy });
      const session = await bindTestClient(simulator.port);
      expect((await session.closed).reason).toBe(dropBy === "reset" ? "socket_error" : "peer_closed");
      expect(simulator.counters.droppedLinks).toBe(1);
    }
  });

  test("one link can be chosen", async () => {
    await using simulator = await openTestSimulator();
    const first = await bindTestClient(simulator.port, { systemId: "a" });
    await using second = await bindTestClient(simulator.port, { systemId: "b" });
    expect([simulator.unbind({ systemId: "nobody" }), simulator.unbind({ systemId: "a" })]).toEqual([0, 1]);
    expect((await first.closed).reason).toBe("peer_unbound");
    expect(await submit(second)).toMatchObject({ type: "answered" });
  });

  test("a slow reader makes submits wait, and loses none", async () => {
    await using simulator = await openTestSimulator({ readPauseMs: 20 });
    await using session = await bindTestClient(simulator.port);
    const since = systemClock.monotonic();
    for (let i = 0; i < 10; i++) expect(await submit(session)).toMatchObject({ status: 0 });
    expect(systemClock.monotonic() - since).toBeGreaterThanOrEqual(150);
  });
});

describe("binds", () => {
  test("are bounded for each account, and free again when a link ends", async () => {
    await using simulator = await openTestSimulator({ bindsMax: 2 });
    const first = await bindTestClient(simulator.port, { systemId: "a" });
    await using _second = await bindTestClient(simulator.port, { systemId: "a" });
    expect(await openTestClient(simulator.port, { systemId: "a" })).toEqual({ type: "refused", status: 0x0d });
    await using _other = await bindTestClient(simulator.port, { systemId: "b" });
    await first[Symbol.asyncDispose]();
    await until("the link to end", 5_000, () => (simulator.links === 2 ? true : undefined));
    await using _third = await bindTestClient(simulator.port, { systemId: "a" });
    expect(simulator.counters).toMatchObject({ binds: 4, refusedBinds: 1 });
  });

  test("are throttled, refused, delayed and left unanswered", async () => {
    await using simulator = await openTestSimulator({ bindsPerMinute: 1 });
    await using _first = await bindTestClient(simulator.port);
    expect(await openTestClient(simulator.port)).toEqual({ type: "refused", status: 0x58 });
    simulator.setBehaviour({ refuseBinds: "0x0d" });
    expect(await openTestClient(simulator.port)).toEqual({ type: "refused", status: 0x0d });
    simulator.setBehaviour({ noBindAnswer: true });
    const unanswered = await openTestClient(simulator.port, { bindTimeoutMs: 50 });
    expect(unanswered).toMatchObject({ type: "failed", error: { code: "bind_timeout" } });
    simulator.setBehaviour({ bindDelayMs: 80 });
    const since = systemClock.monotonic();
    await using _late = await bindTestClient(simulator.port);
    expect(systemClock.monotonic() - since).toBeGreaterThanOrEqual(79);
  });

  test("an outage closes connections before anything is said", async () => {
    await using simulator = await openTestSimulator({ refuseConnections: true });
    using peer = await connectRawPeer(simulator.port);
    await peer.closed;
    expect(simulator.links).toBe(0);
  });
});

test("a script's phases come by time: an outage, and its end", async () => {
  await using simulator = await openSmscSimulator({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    script: [
      { name: "fine", afterSeconds: 0 },
      { name: "away", afterSeconds: 0.3, behaviour: { refuseBinds: 8 }, links: "unbind" },
      { name: "back", afterSeconds: 2, behaviour: {} },
    ],
  });
  const session = await bindTestClient(simulator.port);
  expect((await session.closed).reason).toBe("peer_unbound");
  expect(simulator.script).toMatchObject({ phase: { name: "away" } });
  expect(await openTestClient(simulator.port)).toEqual({ type: "refused", status: 8 });
  await until("the end of the outage", 5_000, () => (simulator.script.state === "last_phase" ? true : undefined));
  await using back = await bindTestClient(simulator.port);
  expect(await submit(back)).toMatchObject({ type: "answered", status: 0 });
});

test("with a seed, a simulator refuses the same submits again", async () => {
  const run = async (): Promise<readonly unknown[]> => {
    await using simulator = await openSmscSimulator({
      port: 0,
      clock: systemClock,
      random: systemRandom,
      seed: 11,
      behaviour: { refuse: [{ status: 8, share: 0.5 }] },
    });
    await using session = await bindTestClient(simulator.port);
    const results = await Promise.all(Array.from({ length: 40 }, () => submit(session)));
    return results.map((result) => (result.type === "answered" ? result.status : result.type));
  };
  const [first, second] = [await run(), await run()];
  expect(second).toEqual(first);
  expect(new Set(first)).toEqual(new Set([0, 8]));
});
