import { describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestClient } from "#core/smpp/testing/listen.ts";
import { systemClock } from "#domain/clock.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import { openPair } from "../smpp/testing/open-pair.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { runSimulator } from "./main.ts";
import { receiptDialectNames } from "./receipt-dialects.ts";
import { openSmscSimulator } from "./smsc-simulator.ts";

const ANY_PORTS = { GODWIT_SIMULATOR_PORT: "0", GODWIT_SIMULATOR_CONTROL_PORT: "0" };

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
    await untilOpen(pair.connector);
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
      const held = [...pair.simulator.deliveriesSince(0)];
      return held.length === 2 ? held : undefined;
    });
    expect(seen).toMatchObject([
      { count: 1, kind: "receipt", providerMessageId, state: "delivered", acknowledged: true },
      { count: 2, kind: "reply", from: "+491701234567", to: "72345", text: "Hello", acknowledged: true },
    ]);
    expect([...pair.simulator.deliveriesSince(1)]).toHaveLength(1);
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

describe("receipts on the wire", () => {
  test("come early, twice, contradicted and with ENROUTE first", async () => {
    await using early = await openPair({ receiptFirst: true, respDelayMs: 100 });
    let answered = false;
    const result = early.connector.submit(segment(), alwaysMayWrite).then(() => {
      answered = true;
    });
    await early.receipts.until(1);
    expect(answered).toBe(false);
    await result;
    await using pair = await openPair({ intermediateReceipts: true, contradictReceipts: true, receiptDelayMs: 20 });
    await pair.connector.submit(segment(), alwaysMayWrite);
    const states = (await pair.receipts.until(3)).map(({ state }) => state);
    expect(states).toEqual(["enroute", "delivered", "undelivered"]);
  });

  test("come as data_sm, and in every other dialect", async () => {
    await using pair = await openPair({ receiptDialect: "data_sm" });
    for (const receiptDialect of receiptDialectNames) {
      if (receiptDialect === "without_bit") continue;
      pair.simulator.setBehaviour({ receiptDialect });
      const before = pair.receipts.items.length;
      const result = await pair.connector.submit(segment({ to: "+4917012340001" }), alwaysMayWrite);
      const receipt = (await pair.receipts.until(before + 1))[before];
      const providerMessageId = result.type === "accepted" ? result.providerMessageId : "";
      expect(receipt).toMatchObject({ providerMessageId, state: "undelivered", from: "+4917012340001", to: "Shop" });
    }
  });

  test("a long reply arrives shuffled and doubled, and joins", async () => {
    await using pair = await openPair();
    const text = "Да, приходите 😀 ".repeat(12);
    const reply = {
      from: "+491701234567",
      to: "72345",
      text,
      parts: "udh16",
      order: "shuffled",
      doubled: true,
    } as const;
    pair.simulator.reply(reply);
    const { parts } = segmentText(text);
    const replies = await pair.replies.until(2 * parts.length);
    const byPlace = new Map(replies.map((part) => [part.concat?.index ?? 0, part.text]));
    expect(parts.map((_, i) => byPlace.get(i + 1)).join("")).toBe(text);
  });

  test("delays follow their distribution", async () => {
    const steps = [
      { share: 1, delay: 5 },
      { share: 1, delay: 300 },
    ];
    const respDelayMs = { kind: "steps" as const, steps };
    await using pair = await openPair({ respDelayMs });
    const took = async (): Promise<number> => {
      const since = systemClock.monotonic();
      await pair.connector.submit(segment({ urgent: true }), alwaysMayWrite);
      return systemClock.monotonic() - since;
    };
    const all = (await Promise.all(Array.from({ length: 40 }, took))).sort((a, b) => a - b);
    expect(all[0]).toBeLessThan(300);
    expect(all.at(-1)).toBeGreaterThanOrEqual(299);
  });
});

describe("main", () => {
  test("names every wrong variable at once", async () => {
    const wrong = {
      GODWIT_SIMULATOR_PORT: "x",
      GODWIT_SIMULATOR_BEHAVIOUR: "{",
      GODWIT_SIMULATOR_ACCOUNTS: '[{"systemId":"far too long an id"}]',
      GODWIT_SIMULATOR_PROT: "1",
    };
    const message = await runSimulator(wrong, AbortSignal.abort()).catch((error: Error) => error.message);
    for (const name of Object.keys(wrong)) expect(message).toContain(name);
    expect(message).toContain("0.systemId");
  });

  test("says what is wrong with a script, and where", async () => {
    const run = (text: string) => {
      const path = join(mkdtempSync(join(tmpdir(), "godwit-script-")), "script.json");
      writeFileSync(path, text);
      const env = { ...ANY_PORTS, GODWIT_SIMULATOR_SCRIPT: path };
      return runSimulator(env, AbortSignal.abort()).then(
        () => "ran",
        (error: Error) => error.message,
      );
    };
    expect(await run('[{"afterSeconds":0,"behaviour":{"respDelayMs":5}}]')).toBe("ran");
    expect(await run("[")).toContain("it is not JSON");
    expect(await run('[{"afterSeconds":0,"behaviour":{"delay":5}}]')).toContain(
      "phases.0.behaviour.delay: is not known",
    );
    const gone = runSimulator({ ...ANY_PORTS, GODWIT_SIMULATOR_SCRIPT: "/none.json" }, AbortSignal.abort());
    expect(gone).rejects.toThrow("cannot be read");
  });

  test("runs until its signal", async () => {
    await runSimulator(ANY_PORTS, AbortSignal.abort());
  });
});
