import { describe, expect, test } from "bun:test";
import { openTestClient } from "#core/smpp/testing/listen.ts";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import { alwaysMayWrite, openPair, segment, untilBound } from "../smpp/testing/open-pair.ts";
import { runSimulator } from "./main.ts";
import { openSmscSimulator } from "./smsc-simulator.ts";

describe("control server", () => {
  test("shows what was submitted, and counts", async () => {
    await using pair = await openPair();
    const control = `http://127.0.0.1:${pair.simulator.controlPort}`;
    for (const part of ["one", "two €", "three"]) await pair.connector.submit(segment({ part }), alwaysMayWrite);
    await pair.receipts.until(3);
    const lines = (await (await fetch(`${control}/submits?since=1`)).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { count: 2, text: "two €", from: "Shop", to: "+491701234567", status: 0 },
      { count: 3, text: "three", octets: "7468726565" },
    ]);
    expect(await (await fetch(`${control}/counters`)).json()).toMatchObject({ submits: 3, accepted: 3, links: 1 });
    expect((await fetch(`${control}/livez`)).status).toBe(200);
    expect((await fetch(`${control}/nothing`)).status).toBe(404);
  });

  test("changes the behaviour, sends replies and drops links; refuses what it cannot read", async () => {
    await using pair = await openPair();
    const call = (method: string, path: string, body: unknown): Promise<Response> =>
      fetch(`http://127.0.0.1:${pair.simulator.controlPort}${path}`, { method, body: JSON.stringify(body) });
    expect((await call("PUT", "/behaviour", { refuse: [{ status: 0x08 }] })).status).toBe(200);
    expect(await pair.connector.submit(segment(), alwaysMayWrite)).toMatchObject({ status: 0x08, class: "transient" });
    expect((await call("POST", "/replies", { from: "+491701234567", to: "72345", text: "STOP" })).status).toBe(202);
    expect(await pair.replies.until(1)).toMatchObject([{ text: "STOP", to: "72345" }]);
    expect((await call("POST", "/drop-links", undefined)).status).toBe(204);
    expect(pair.simulator.counters.droppedLinks).toBe(1);
    expect((await call("PUT", "/behaviour", { respDelay: 1 })).status).toBe(422);
    expect((await call("POST", "/replies", "x".repeat(70_000))).status).toBe(400);
  });
});

describe("simulator", () => {
  test("answers as the handset would, to the sender", async () => {
    await using pair = await openPair({ autoReply: [{ textContains: "code", text: "thanks" }] });
    await pair.connector.submit(segment({ from: "72345", part: "your code" }), alwaysMayWrite);
    expect(await pair.replies.until(1)).toMatchObject([{ from: "+491701234567", to: "72345", text: "thanks" }]);
  });

  test("leaves submits unread while it is told to", async () => {
    await using pair = await openPair();
    pair.simulator.pauseReading();
    const result = pair.connector.submit(segment(), alwaysMayWrite);
    pair.simulator.dropLinks();
    expect(await result).toEqual({ type: "unknown", reason: "link_lost" });
    await untilBound(pair.connector);
    pair.simulator.pauseReading();
    const later = pair.connector.submit(segment(), alwaysMayWrite);
    pair.simulator.resumeReading();
    expect(await later).toMatchObject({ type: "accepted" });
    expect(pair.simulator.counters.submits).toBe(1);
  });

  test("doubles receipts, and keeps them for a link that comes later", async () => {
    await using pair = await openPair({ doubleReceipts: true });
    await pair.connector.submit(segment(), alwaysMayWrite);
    const receipts = await pair.receipts.until(2);
    expect(receipts[0]).toEqual(receipts[1]);
    pair.simulator.dropLinks();
    pair.simulator.reply({ from: "+491701234567", to: "72345", text: "late" });
    expect(await pair.replies.until(1)).toMatchObject([{ text: "late" }]);
  });

  test("records every receipt and reply with whether it was acknowledged", async () => {
    await using pair = await openPair({});
    await pair.connector.submit(segment(), alwaysMayWrite);
    await pair.receipts.until(1);
    pair.simulator.reply({ from: "+491701234567", to: "72345", text: "Hello" });
    await pair.replies.until(1);
    const { providerMessageId } = pair.simulator.submits[0] ?? {};
    const seen = await until("both to be recorded", 5_000, () => {
      const held = pair.simulator.deliveriesSince(0);
      return held.length === 2 ? held : undefined;
    });
    expect(seen).toMatchObject([
      { count: 1, kind: "receipt", providerMessageId, state: "delivered", acknowledged: true },
      { count: 2, kind: "reply", from: "+491701234567", to: "72345", text: "Hello", acknowledged: true },
    ]);
    expect(pair.simulator.deliveriesSince(1)).toHaveLength(1);
  });

  test("refuses a wrong system id and a wrong password", async () => {
    await using simulator = await openSmscSimulator({
      port: 0,
      systemId: "esme",
      password: "right",
      clock: systemClock,
      random: systemRandom,
    });
    expect(await openTestClient(simulator.port, { systemId: "other" })).toEqual({ type: "refused", status: 0x0f });
    expect(await openTestClient(simulator.port, { password: "wrong" })).toEqual({ type: "refused", status: 0x0e });
    expect(simulator.counters).toMatchObject({ binds: 0, refusedBinds: 2 });
  });
});

describe("main", () => {
  test("names every wrong variable at once", async () => {
    const wrong = { GODWIT_SIMULATOR_PORT: "x", GODWIT_SIMULATOR_BEHAVIOUR: "{", GODWIT_SIMULATOR_PROT: "1" };
    const message = await runSimulator(wrong, AbortSignal.abort()).catch((error: Error) => error.message);
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
  });

  test("runs until its signal", async () => {
    const env = { GODWIT_SIMULATOR_PORT: "0", GODWIT_SIMULATOR_CONTROL_PORT: "0" };
    await runSimulator(env, AbortSignal.abort());
  });
});
