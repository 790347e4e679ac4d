import { afterEach, beforeEach, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { SocksClient } from "socks";
import { openSocksProxy, type SocksProxy } from "./socks-proxy.ts";

const BOUND_MS = 5_000;

let echo: Server;
let proxy: SocksProxy;

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  await once(echo.listen(0, "127.0.0.1"), "listening");
  proxy = await openSocksProxy();
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await new Promise((resolve) => echo.close(resolve));
});

async function connect(host = "127.0.0.1"): Promise<SocksClient["socket"]> {
  const { socket } = await SocksClient.createConnection({
    proxy: { host: "127.0.0.1", port: proxy.port, type: 5 },
    command: "connect",
    destination: { host, port: (echo.address() as AddressInfo).port },
    timeout: BOUND_MS,
  });
  socket.on("error", () => undefined);
  return socket;
}

/** Sends bytes and resolves with as many that came back. */
function roundTrip(socket: SocksClient["socket"], bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", function onData(part: Buffer) {
      received = Buffer.concat([received, part]);
      if (received.length < bytes.length) return;
      socket.off("data", onData);
      resolve(received);
    });
    socket.write(bytes);
  });
}

test("bytes pass in order and are counted", async () => {
  const socket = await connect();
  const megabyte = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
  expect((await roundTrip(socket, megabyte)).equals(megabyte)).toBe(true);
  expect(proxy.counters).toMatchObject({ opened: 1, open: 1, refused: 0, bytesUp: megabyte.length });
  expect(proxy.counters.bytesDown).toBeGreaterThanOrEqual(megabyte.length);
});

test("60 ms each way make a round trip of more than 100 ms, for connecting too", async () => {
  proxy.setDelayMs(60);
  const started = performance.now();
  const socket = await connect();
  const connected = performance.now();
  expect(connected - started).toBeGreaterThan(100);
  await roundTrip(socket, Buffer.from("hello"));
  const delayed = performance.now() - connected;
  expect(delayed).toBeGreaterThan(100);
  proxy.setDelayMs(0);
  const before = performance.now();
  await roundTrip(socket, Buffer.from("hello"));
  expect(performance.now() - before).toBeLessThan(delayed);
});

test("a megabyte keeps its order under a delay that changes", async () => {
  proxy.setDelayMs(30);
  const socket = await connect();
  const megabyte = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 241));
  const back = roundTrip(socket, megabyte);
  proxy.setDelayMs(1);
  expect((await back).equals(megabyte)).toBe(true);
});

test("what is sent before the end of a connection still arrives", async () => {
  proxy.setDelayMs(40);
  const socket = await connect();
  const ended = once(socket, "end");
  const answered = roundTrip(socket, Buffer.from("last words"));
  socket.end();
  expect((await answered).toString()).toBe("last words");
  await ended;
});

test("cut() resets what is open and refuses what is new, until heal()", async () => {
  const socket = await connect();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  proxy.cut();
  await closed;
  await expect(connect()).rejects.toThrow();
  expect(proxy.counters.refused).toBe(1);
  proxy.heal();
  expect((await roundTrip(await connect(), Buffer.from("again"))).toString()).toBe("again");
});

test("blackhole() forwards nothing and tells nobody; heal() delivers what was held", async () => {
  const socket = await connect();
  await roundTrip(socket, Buffer.from("warm"));
  const { bytesUp } = proxy.counters;
  proxy.blackhole();
  let closed = false;
  socket.once("close", () => {
    closed = true;
  });
  const answer = roundTrip(socket, Buffer.from("held"));
  // A second connection through a proxy that is not held shows that the server is well and time has passed.
  await using other = await openSocksProxy();
  const { socket: direct } = await SocksClient.createConnection({
    proxy: { host: "127.0.0.1", port: other.port, type: 5 },
    command: "connect",
    destination: { host: "127.0.0.1", port: (echo.address() as AddressInfo).port },
  });
  await roundTrip(direct, Buffer.from("well"));
  expect(proxy.counters.bytesUp).toBe(bytesUp);
  expect(closed).toBe(false);
  proxy.heal();
  expect((await answer).toString()).toBe("held");
});

test("a target beyond this machine is refused", async () => {
  await expect(connect("192.0.2.1")).rejects.toThrow("NotAllowed");
});
