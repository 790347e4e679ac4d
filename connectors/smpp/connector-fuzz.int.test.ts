/** A whole connector against a server that writes broken PDUs at it, link after link, and then against a good one. */
import { expect, test } from "bun:test";
import { encodePdu } from "#core/smpp/codec.ts";
import { planCase } from "#core/smpp/testing/fuzz-case.ts";
import { listen } from "#core/smpp/testing/listen.ts";
import { until } from "#testkit/until.ts";
import type { SubmitResult } from "../connector.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { openTestConnector, openTestSimulator } from "./testing/open-pair.ts";

const LINKS = 60;
const FIRST_SEED = 70_000;
/** Forged answers say "too fast" as well: with a contract this large, its rate is back within seconds. */
const SETTINGS = { responseTimeoutMs: 300, bindTimeoutMs: 300, reconnectMaxMs: 10, ratePerSecond: 10_000 };
const RECOVERY_MS = 20_000;

test("hostile links lose no slot and leave no submit undecided, and a good server is bound after them", async () => {
  let links = 0;
  const hostile = await listen((socket) => {
    const { binds, chunks } = planCase(FIRST_SEED + links++);
    socket.once("data", () => {
      if (binds) socket.write(encodePdu({ command: "bind_transceiver_resp", sequence: 1 }));
      for (const chunk of chunks) socket.write(chunk);
      socket.end();
    });
  });
  const { port } = hostile;
  const came = { receipts: 0, replies: 0 };
  const handlers = {
    onReceipt: async () => void came.receipts++,
    onReply: async () => void came.replies++,
  };
  await using connector = openTestConnector(port, handlers, SETTINGS);
  const results: Promise<SubmitResult>[] = [];
  const pump = connector.onChange(() => {
    if (connector.freeSlots(true) > 0) results.push(connector.submit(segment({ urgent: true }), alwaysMayWrite));
  });
  await until(`${LINKS} hostile links`, 50_000, () => (links >= LINKS ? true : undefined));
  pump[Symbol.dispose]();
  await hostile[Symbol.asyncDispose]();
  await using simulator = await openTestSimulator({}, port);
  await untilOpen(connector);
  expect(results.length).toBeGreaterThan(10);
  for (const { type } of await Promise.all(results)) {
    expect(["accepted", "refused", "unknown", "not_sent"]).toContain(type);
  }
  await until("every slot to be free", RECOVERY_MS, () =>
    connector.freeSlots(true) === connector.window ? true : undefined,
  );
  expect(await connector.submit(segment({ part: "after" }), alwaysMayWrite)).toMatchObject({ type: "accepted" });
  expect(simulator.counters.binds).toBe(1);
  // Receipts and replies that decoded were handed on.
  expect(came.receipts).toBeGreaterThan(10);
  expect(came.replies).toBeGreaterThan(10);
});
