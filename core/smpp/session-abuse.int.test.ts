import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { encodePdu } from "./codec.ts";
import type { OutgoingPdu, Pdu } from "./pdu.ts";
import { Session } from "./session.ts";
import { bindTestClient, type Listening, listen, listenSmsc, TEST_OPTIONS } from "./testing/listen.ts";
import { connectRawPeer, type RawPeer } from "./testing/raw-peer.ts";
import { seeded } from "./testing/seeded.ts";

const BIND: OutgoingPdu = { command: "bind_transceiver", sequence: 1, fields: { system_id: "a", password: "b" } };
const SUBMIT: OutgoingPdu = {
  command: "submit_sm",
  sequence: 2,
  fields: { destination_addr: "491701234567", short_message: Buffer.from("hello"), receipted_message_id: "x" },
};

const FLOOD_READ = 200_000;
/** What a read takes at once, and one more. */
const FLOOD_HELD_MAX = 2_000_000;

async function bindRawPeer(port: number): Promise<RawPeer> {
  const peer = await connectRawPeer(port);
  peer.send(BIND);
  expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", status: 0 });
  return peer;
}

async function expectAlive(peer: RawPeer): Promise<void> {
  peer.send({ command: "enquire_link", sequence: 99 });
  expect(await peer.next()).toMatchObject({ command: "enquire_link_resp", sequence: 99, status: 0 });
}

/** A new client can bind and submit: the server lives. */
async function expectServing(server: Listening): Promise<void> {
  await using client = await bindTestClient(server.port);
  expect(await client.request("submit_sm", SUBMIT.fields ?? {})).toMatchObject({ type: "answered", status: 0 });
}

describe("a server session survives its peer", () => {
  test("octets of another protocol and impossible lengths: generic_nack 0x02, then the end", async () => {
    await using server = await listenSmsc();
    const length = (octets: number): Buffer => {
      const header = Buffer.alloc(16);
      header.writeUInt32BE(octets, 0);
      return header;
    };
    const garbage = [
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      length(0),
      length(10),
      length(0x7fff_ffff),
      length(70_001),
    ];
    for (const octets of garbage) {
      for (const bound of [false, true]) {
        using peer = bound ? await bindRawPeer(server.port) : await connectRawPeer(server.port);
        peer.write(octets);
        expect(await peer.next()).toMatchObject({ command: "generic_nack", status: 0x02 });
        await peer.closed;
      }
    }
    await expectServing(server);
  });

  test("an unknown command: generic_nack 0x03 with its sequence, and on it goes", async () => {
    await using server = await listenSmsc();
    using peer = await bindRawPeer(server.port);
    peer.write(Buffer.from("00000010000009990000000000000007", "hex"));
    expect(await peer.next()).toMatchObject({ command: "generic_nack", status: 0x03, sequence: 7 });
    await expectAlive(peer);
  });

  test("a broken TLV: the command's own answer with 0xC0, and on it goes", async () => {
    await using server = await listenSmsc();
    using peer = await bindRawPeer(server.port);
    const frame = encodePdu(SUBMIT);
    frame.writeUInt16BE(0xffff, frame.length - 4);
    peer.write(frame);
    expect(await peer.next()).toMatchObject({ command: "submit_sm_resp", status: 0xc0, sequence: 2 });
    await expectAlive(peer);
  });

  test("requests before the bind, a second bind and answers nobody asked for", async () => {
    await using server = await listenSmsc();
    using peer = await connectRawPeer(server.port);
    peer.send(SUBMIT);
    expect(await peer.next()).toMatchObject({ command: "submit_sm_resp", status: 0x04 });
    peer.send(BIND);
    expect(await peer.next()).toMatchObject({ status: 0 });
    peer.send({ ...BIND, sequence: 3 });
    expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", status: 0x05, sequence: 3 });
    peer.send({ command: "deliver_sm_resp", sequence: 12_345 });
    await expectAlive(peer);
  });

  test("more answers at once than may lie in our hands are all given, to a peer that takes them", async () => {
    await using server = await listenSmsc();
    using peer = await bindRawPeer(server.port);
    const probes = Array.from({ length: 60_000 }, (_, i) => encodePdu({ command: "enquire_link", sequence: i + 10 }));
    peer.write(Buffer.concat(probes));
    for (const [i] of probes.entries()) expect((await peer.next()).sequence).toBe(i + 10);
    await expectAlive(peer);
  });

  test("a flood that is served slowly waits in the kernel and with its sender, not in our memory", async () => {
    const octets = encodePdu(SUBMIT);
    let isRead = 0;
    let most = 0;
    const held = Promise.withResolvers<void>();
    await using server = await listen((socket) => {
      const look = (): void => {
        most = Math.max(most, socket.bytesRead - isRead);
      };
      const onRequest = async ({ command }: Pdu) => {
        if (command === "submit_sm") isRead += octets.length;
        look();
        if (isRead > FLOOD_READ) held.resolve();
        await TEST_OPTIONS.clock.sleep(1);
        return { status: 0 };
      };
      new Session({ ...TEST_OPTIONS, maxInHand: 5, onRequest, socket, role: "smsc" });
    });
    const peer = await bindRawPeer(server.port);
    const block = Buffer.concat(Array.from({ length: 10_000 }, () => octets));
    for (let i = 0; i < 100; i++) peer.write(block);
    await held.promise;
    peer[Symbol.dispose]();
    expect(most).toBeLessThan(FLOOD_HELD_MAX);
  });

  test("one that never binds is cut off", async () => {
    await using server = await listenSmsc({ bindTimeoutMs: 20 });
    using peer = await connectRawPeer(server.port);
    await peer.closed;
    expect(peer.isClosed).toBe(true);
  });

  test("20,000 mutated PDUs: no throw, bounded memory, and every link alive or closed", async () => {
    await using server = await listenSmsc();
    const random = seeded(20_261_122).fraction;
    let peer = await bindRawPeer(server.port);
    let links = 1;
    const before = process.memoryUsage().rss;
    for (let sent = 0; sent < 20_000; sent += 40) {
      for (let i = 0; i < 40; i++) peer.write(mutate(encodePdu(SUBMIT), random));
      if (sent % 1_000 === 0) peer.write(Buffer.alloc(16));
      peer.send({ command: "enquire_link", sequence: BATCH_END });
      if (await isAliveAfterBatch(peer)) continue;
      peer = await bindRawPeer(server.port);
      links++;
    }
    peer[Symbol.dispose]();
    expect(links).toBeGreaterThan(10);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    await expectServing(server);
  });
});

const BATCH_END = 0x7eee_eeee;

async function isAliveAfterBatch(peer: RawPeer): Promise<boolean> {
  try {
    for (;;) {
      const { command, sequence } = await peer.next();
      if (command === "enquire_link_resp" && sequence === BATCH_END) return true;
    }
  } catch {
    return false;
  }
}

/** Changes one to four octets of the body; in one PDU of fifty of the header too, but for the length. */
function mutate(frame: Buffer, random: () => number): Buffer {
  const from = random() < 0.02 ? 4 : 16;
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    frame[from + Math.floor(random() * (frame.length - from))] = Math.floor(random() * 256);
  }
  return frame;
}
