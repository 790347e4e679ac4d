/**
 * A SOCKS5 proxy (RFC 1928: no login, CONNECT only) that stands for the link between two regions: it delays, cuts and
 * blackholes what passes. States: open → blackholed or cut → open. It listens on 127.0.0.1 and connects only there.
 */
import { createConnection, createServer, type Socket } from "node:net";
import { type Direction, delayedPipe } from "./delayed-pipe.ts";

const VERSION = 5;
const NO_LOGIN = 0;
const CONNECT = 1;
/** Reply codes of RFC 1928, section 6. */
const REPLY = { ok: 0, notAllowed: 2, refused: 5, commandUnknown: 7 } as const;
const ADDRESS = { ipv4: 1, name: 3 } as const;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost)$/;

export interface ProxyCounters {
  /** Connections asked for since the start, those open now, and those refused because the link was cut. */
  readonly opened: number;
  readonly open: number;
  readonly refused: number;
  /** Bytes forwarded from clients to servers, and back. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface SocksProxy extends AsyncDisposable {
  readonly port: number;
  readonly counters: ProxyCounters;
  /** One-way delay of each direction from now on; a round trip takes twice that. Order is kept. */
  setDelayMs(delayMs: number): void;
  /** Resets every connection and refuses new ones, as when the far side is gone. */
  cut(): void;
  /** Keeps connections open, takes new ones, and forwards nothing, as when packets get lost; nobody is told. */
  blackhole(): void;
  /** Ends cut() and blackhole(). What a blackhole held back is then forwarded, as TCP would send it again. */
  heal(): void;
}

interface Link {
  state: "open" | "cut" | "blackhole";
  delayMs: number;
  readonly resume: Set<() => void>;
}

/**
 * Opens the proxy on a port that the system chooses, without delay. Dispose to close it and all that passes through.
 */
export async function openSocksProxy(): Promise<SocksProxy> {
  const counters = { opened: 0, open: 0, refused: 0, bytesUp: 0, bytesDown: 0 };
  const link: Link = { state: "open", delayMs: 0, resume: new Set() };
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy()); // a reset is what the link is for
    socket.once("close", () => sockets.delete(socket));
  };
  const destroyAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    track(client);
    counters.opened++;
    if (link.state === "cut") {
      counters.refused++;
      client.resetAndDestroy();
      return;
    }
    counters.open++;
    client.once("close", () => counters.open--);
    serve(client, link, track, {
      up: (bytes) => {
        counters.bytesUp += bytes;
      },
      down: (bytes) => {
        counters.bytesDown += bytes;
      },
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    counters,
    setDelayMs: (delayMs) => {
      link.delayMs = delayMs;
    },
    cut: () => {
      link.state = "cut";
      destroyAll();
    },
    blackhole: () => {
      link.state = "blackhole";
    },
    heal: () => {
      link.state = "open";
      for (const resume of link.resume) resume();
    },
    [Symbol.asyncDispose]: async () => {
      destroyAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

type Count = Readonly<Record<"up" | "down", (bytes: number) => void>>;

/** Talks SOCKS with the client until it has named its target, then joins the two. */
function serve(client: Socket, link: Link, track: (socket: Socket) => void, count: Count): void {
  let received: Buffer = Buffer.alloc(0);
  let greeted = false;
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    if (!greeted) {
      if (received.length < 2 || received.length < 2 + (received[1] ?? 0)) return;
      received = received.subarray(2 + (received[1] ?? 0));
      greeted = true;
      client.write(Buffer.from([VERSION, NO_LOGIN]));
    }
    const request = parseRequest(received);
    if (request === "incomplete") return;
    client.off("data", onData);
    client.pause();
    if (typeof request === "number") {
      client.end(reply(request));
      return;
    }
    join(client, request, link, track, count);
  };
  client.on("data", onData);
}

interface Target {
  readonly host: string;
  readonly port: number;
  /** What the client sent after its request without waiting. */
  readonly rest: Buffer;
}

/** The target, the reply code of a refusal, or that more bytes are needed. */
function parseRequest(bytes: Buffer): Target | number | "incomplete" {
  if (bytes.length < 5) return "incomplete";
  const [version, command, , kind, first = 0] = bytes;
  if (version !== VERSION || command !== CONNECT) return REPLY.commandUnknown;
  if (kind !== ADDRESS.ipv4 && kind !== ADDRESS.name) return REPLY.notAllowed;
  const start = kind === ADDRESS.name ? 5 : 4;
  const end = start + (kind === ADDRESS.name ? first : 4);
  if (bytes.length < end + 2) return "incomplete";
  const address = bytes.subarray(start, end);
  const host = kind === ADDRESS.name ? address.toString("latin1") : address.join(".");
  if (!LOOPBACK.test(host)) return REPLY.notAllowed;
  return {
    host: host === "localhost" ? "127.0.0.1" : host,
    port: bytes.readUInt16BE(end),
    rest: bytes.subarray(end + 2),
  };
}

function join(client: Socket, target: Target, link: Link, track: (socket: Socket) => void, count: Count): void {
  const upstream = createConnection({ host: target.host, port: target.port, allowHalfOpen: true });
  track(upstream);
  const refuse = (): void => {
    client.end(reply(REPLY.refused));
  };
  upstream.once("error", refuse);
  upstream.once("connect", () => {
    upstream.off("error", refuse);
    const direction = (counted: (bytes: number) => void): Direction => ({
      delayMs: () => link.delayMs,
      isHeld: () => link.state === "blackhole",
      onResume: link.resume,
      count: counted,
    });
    const up = delayedPipe(client, upstream, direction(count.up));
    const down = delayedPipe(upstream, client, direction(count.down));
    // The answer to a connect takes a round trip of the link, like the handshake that it stands for.
    down.push(reply(REPLY.ok), link.delayMs);
    if (target.rest.length > 0) up.push(target.rest);
    client.resume();
  });
}

function reply(code: number): Buffer {
  return Buffer.from([VERSION, code, 0, ADDRESS.ipv4, 127, 0, 0, 1, 0, 0]);
}
