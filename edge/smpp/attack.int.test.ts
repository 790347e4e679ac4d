/** What strangers and customers that have gone wild may do to the process of role `smpp`, and what others notice. */
import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { encodePdu } from "#core/smpp/codec.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Session } from "#core/smpp/session.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import { bindTestClient } from "#core/smpp/testing/listen.ts";
import { connectRawPeer } from "#core/smpp/testing/raw-peer.ts";
import { systemClock } from "#domain/clock.ts";
import { openSmppEdgeProcess, type SmppEdgeProcess } from "#testkit/smpp-edge.ts";
import { startFlood } from "#testkit/smpp-flood.ts";
import { liveHeap } from "#testkit/smpp-fuzz.ts";
import { until } from "#testkit/until.ts";

const TEST_MS = 120_000;
const STRANGERS = 2_000;
/** More than all sessions and their sockets take together. */
const HEAP_GROWTH_MAX = 40_000_000;
const MESSAGE: PduFields = { source_addr: "72345", destination_addr: "491701234567", short_message: Buffer.from("x") };
const HOME = "127.0.0.1";
const RECEIPTS = 50;

/** Connections from addresses of their own that say this, and nothing more. */
async function openStrangers({ account }: SmppEdgeProcess, octets?: Uint8Array): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: STRANGERS }, (_, i) => {
    const localAddress = `127.5.${i >> 7}.${1 + (i & 127)}`;
    const socket = connect({ host: account.host, port: account.port, localAddress });
    socket.on("error", () => undefined);
    if (octets !== undefined) socket.write(octets);
    return socket;
  });
  await Promise.all(sockets.map((socket) => new Promise((done) => socket.once("connect", done).once("close", done))));
  return sockets;
}

async function openBind({ account }: SmppEdgeProcess, localAddress: string) {
  const peer = await connectRawPeer(account.port, localAddress);
  const fields = { system_id: account.systemId, password: account.password };
  peer.send({ command: "bind_transceiver", sequence: 1, fields });
  return { peer, status: (await peer.next()).status };
}

async function bindStatusFrom(edge: SmppEdgeProcess, localAddress: string): Promise<number> {
  const { peer, status } = await openBind(edge, localAddress);
  peer[Symbol.dispose]();
  return status;
}

/** The slowest of so many submits, one after the other, in milliseconds; each must be taken. */
async function slowest(customer: Session, submits: number): Promise<number> {
  let most = 0;
  for (let i = 0; i < submits; i++) {
    const startedAt = systemClock.monotonic();
    expect(await customer.request("submit_sm", MESSAGE)).toMatchObject({ type: "answered", status: 0 });
    most = Math.max(most, systemClock.monotonic() - startedAt);
  }
  return most;
}

const guess = encodePdu({ command: "bind_transceiver", sequence: 1, fields: { system_id: "esme", password: "guess" } });

test(
  "2,000 strangers who say nothing, half a PDU or a guess: customers bind, also from elsewhere, and are served",
  async () => {
    await using edge = await openSmppEdgeProcess({ delivers: false });
    await using customer = await bindTestClient(edge.account.port, { ...edge.account });
    for (const [i, octets] of [undefined, guess.subarray(0, 8), guess].entries()) {
      const strangers = await openStrangers(edge, octets);
      expect(await edge.metric("godwit_smpp_sessions")).toBeLessThanOrEqual(201);
      expect(await bindStatusFrom(edge, HOME)).toBe(0);
      expect(await bindStatusFrom(edge, `127.9.9.${i + 1}`)).toBe(0);
      expect(await slowest(customer, 20)).toBeLessThan(2_000);
      for (const socket of strangers) socket.destroy();
      await until("the strangers to go", 20_000, async () => {
        return (await edge.metric("godwit_smpp_sessions")) === 1 || undefined;
      });
    }
  },
  TEST_MS,
);

test(
  "customers that write as fast as they can are read slowly, take no memory, and nobody waits for them",
  async () => {
    const env = { GODWIT_LIVE_HEAP_EVERY_SECONDS: "5" };
    const smpp = { window: 20, submitsPerSecond: 200, bindsMax: 20 };
    await using edge = await openSmppEdgeProcess({ env, smpp, delivers: false });
    await using customer = await bindTestClient(edge.account.port, { ...edge.account });
    const before = await liveHeap(edge);
    for (const command of ["submit_sm", "enquire_link"]) {
      using _ = startFlood({ ...edge.account, binds: 16, command });
      await until("the flood", 20_000, async () => (await edge.metric("godwit_smpp_sessions")) === 17 || undefined);
      expect((await liveHeap(edge)) - before).toBeLessThan(HEAP_GROWTH_MAX);
      const startedAt = systemClock.monotonic();
      await customer.request("enquire_link", {});
      expect(systemClock.monotonic() - startedAt).toBeLessThan(2_000);
    }
  },
  TEST_MS,
);

test(
  "a storm of binds that end without a word: as many stand as may, the others are told so, and none is left behind",
  async () => {
    await using edge = await openSmppEdgeProcess({ smpp: { bindsMax: 12 }, delivers: false });
    for (let round = 0; round < 30; round++) {
      const from = `127.9.${round}.1`;
      const binds = await Promise.all(Array.from({ length: 18 }, () => openBind(edge, from)));
      const statuses = binds.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([...Array.from({ length: 12 }, () => 0), ...Array.from({ length: 6 }, () => 0x0d)]);
      for (const { peer } of binds) peer[Symbol.dispose]();
      await until("all of them to go", 20_000, async () => {
        return (await edge.metric("godwit_smpp_sessions")) === 0 || undefined;
      });
    }
  },
  TEST_MS,
);

test(
  "a process killed with receipts in flight, to a customer that answers none and to one that does: none is lost",
  async () => {
    await using edge = await openSmppEdgeProcess({ smpp: { window: 100, submitsPerSecond: 5_000 } });
    const deaf = { taken: new Set<string>(), answer: () => new Promise<Answer>(() => undefined) };
    const good = { taken: new Set<string>(), answer: () => ({ status: 0 }) };
    const bind = (as: typeof deaf | typeof good) =>
      bindTestClient(edge.account.port, {
        ...edge.account,
        onRequest: ({ fields }) => {
          as.taken.add(fields.receipted_message_id ?? "");
          return as.answer();
        },
      });
    await bind(deaf);
    const customer = await bind(good);
    const submits = Array.from({ length: RECEIPTS }, async () => {
      const result = await customer.request("submit_sm", { ...MESSAGE, registered_delivery: 1 });
      return result.type === "answered" ? (result.fields.message_id ?? "") : "";
    });
    const ids = (await Promise.all(submits)).filter((id) => id !== "");
    await until("receipts at both", 20_000, () => (deaf.taken.size > 0 && good.taken.size > 0) || undefined);
    await edge.role.kill();
    const before = good.taken.size;
    await edge.role.restart();
    await until("a bind", 20_000, () => bind(good).catch(() => undefined));
    await until("every receipt", 60_000, () => ids.every((id) => good.taken.has(id)) || undefined);
    await until("an empty lane", 60_000, async () => (await edge.waiting()) === 0 || undefined);
    expect([ids.length > 20, before < ids.length]).toEqual([true, true]);
  },
  TEST_MS,
);
