/** What fuzz cases are played against: a server's sessions, and a client whose server is hostile. */
import type { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { encodePdu } from "../codec.ts";
import { openClientSession } from "../open-client-session.ts";
import type { Pdu } from "../pdu.ts";
import type { RequestResult } from "../pending-requests.ts";
import { Session } from "../session.ts";
import type { Answer, CloseReason, SessionOptions } from "../session-options.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { createHurriedClock, type HurriedClock } from "./hurried-clock.ts";
import { createFuzzPeer, FuzzError, type FuzzPeer, type FuzzPeerOptions, playCase } from "./play-case.ts";
import { seeded } from "./seeded.ts";

export interface CaseEnd {
  readonly stood: boolean;
  /** Why the session under test closed; undefined when it lives in another process. */
  readonly reason?: CloseReason;
}

export interface FuzzTarget extends AsyncDisposable {
  play(fuzzCase: FuzzCase): Promise<CaseEnd>;
  /** Timers and sockets that sessions hold: none between cases. */
  readonly held: number;
}

/** Ten seconds become a hundred milliseconds. */
const SPEED = 100;
const REQUESTS = 12;
const MESSAGE = { destination_addr: "491701234567", short_message: Uint8Array.of(0x41) };
const BIND_RESP = 0x8000_0009;

function sessionOptions(clock: HurriedClock, seed: number): Omit<SessionOptions, "socket" | "role"> {
  return {
    clock,
    window: 20,
    maxInHand: 8,
    bindTimeoutMs: 10_000,
    responseTimeoutMs: 30_000,
    enquireLinkMs: 60_000,
    enquireLinkTimeoutMs: 30_000,
    onRequest: serveByChance(clock, seed),
  };
}

/** Answers at once, later, with an error, or by failing: an answer all the same. */
function serveByChance(clock: HurriedClock, seed: number): SessionOptions["onRequest"] {
  const random = seeded(~seed);
  return ({ command }: Pdu): Answer | Promise<Answer> => {
    if (command.startsWith("bind_")) return { status: 0 };
    const way = random.between(0, 9);
    if (way === 0) throw new Error("a handler that throws");
    if (way === 1) return Promise.reject(new Error("a handler that rejects"));
    if (way === 2) return clock.sleep(random.between(1, 300)).then(() => ({ status: 0 }));
    if (way === 3) return Promise.resolve({ status: 0x58 });
    return { status: 0, fields: command === "submit_sm" ? { message_id: "1" } : {} };
  };
}

/** Requests of the session under test, whose answers the stream forges. All must end. */
function ask(session: Session): readonly Promise<RequestResult>[] {
  const command = session.boundAs === "rx" ? "deliver_sm" : "submit_sm";
  return Array.from({ length: REQUESTS }, () => session.request(command, MESSAGE));
}

async function endOf(session: Session, asked: readonly Promise<RequestResult>[]): Promise<CloseReason> {
  const [{ reason, cause }] = await Promise.all([session.closed, ...asked]);
  if (reason === "defect") throw new FuzzError(`the session under test threw: ${String(cause)}`, { cause });
  return reason;
}

/** A server whose every connection is an SMSC session. */
export async function openServerTarget(more: Partial<SessionOptions> = {}): Promise<FuzzTarget> {
  const clock = createHurriedClock(SPEED);
  const accepted: PromiseWithResolvers<Session>[] = [];
  let seed = 0;
  const listening = await listenCounted((socket) => {
    const session = new Session({ ...sessionOptions(clock, seed), ...more, socket, role: "smsc" });
    accepted.shift()?.resolve(session);
  });
  return {
    async play(fuzzCase) {
      seed = fuzzCase.seed;
      const waiter = Promise.withResolvers<Session>();
      accepted.push(waiter);
      const peer = await connectFuzzPeer(listening.port);
      const session = await waiter.promise;
      const asked: Promise<RequestResult>[] = [];
      if (fuzzCase.binds) {
        await bindFuzzPeer(peer);
        asked.push(...ask(session));
      }
      const { stood } = await playCase(peer, fuzzCase);
      return { stood, reason: await endOf(session, asked) };
    },
    get held() {
      return clock.timers + listening.sockets;
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

/** A client whose server sends the stream, after its bind was answered or instead. */
export async function openClientTarget(): Promise<FuzzTarget> {
  const clock = createHurriedClock(SPEED);
  const accepted: ((socket: Socket) => void)[] = [];
  const listening = await listenCounted((socket) => accepted.shift()?.(socket));
  return {
    async play(fuzzCase) {
      const server = Promise.withResolvers<FuzzPeer>();
      accepted.push((socket) => server.resolve(createFuzzPeer(socket)));
      const opening = openClientSession({
        ...sessionOptions(clock, fuzzCase.seed),
        host: "127.0.0.1",
        port: listening.port,
        bindAs: "trx",
        systemId: "esme",
        password: "secret",
        systemType: "",
        interfaceVersion: 0x34,
        connectTimeoutMs: 500_000,
      });
      const peer = await server.promise;
      await peer.until("a bind", (received) => received.length > 0);
      if (fuzzCase.binds) peer.socket.write(encodePdu({ command: "bind_transceiver_resp", sequence: 1 }));
      const watched = opening.then(async (opened) => {
        if (opened.type !== "bound") return undefined;
        return await endOf(opened.session, ask(opened.session));
      });
      // Both, as either may fail first; an unbound one waits for its own deadline.
      const [{ stood }, reason] = await Promise.all([playCase(peer, fuzzCase), watched]);
      return reason === undefined ? { stood } : { stood, reason };
    },
    get held() {
      return clock.timers + listening.sockets;
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

export interface OutsideOptions {
  readonly systemId?: string;
  readonly password?: string;
  readonly stuckMs?: number;
  /** Where a case comes from: a server that slows down who is refused slows the others not. */
  readonly addressOf?: (seed: number) => string;
  /** Sees all that the server writes. */
  readonly onFrame?: (frame: Buffer) => void;
}

/** A server of which only the port is known, and an account there if it asks for one. */
export function createOutsideTarget(port: number, options: OutsideOptions = {}): FuzzTarget {
  return {
    async play(fuzzCase) {
      const localAddress = options.addressOf?.(fuzzCase.seed);
      const peer = await connectFuzzPeer(port, { ...options, ...(localAddress !== undefined && { localAddress }) });
      if (fuzzCase.binds) await bindFuzzPeer(peer, options);
      // By a clock that is not ours, a server waits up to 20 s for answers to what it has delivered.
      const ending = fuzzCase.ending === "unbind" ? "unbind_and_close" : fuzzCase.ending;
      return await playCase(peer, { ...fuzzCase, ending });
    },
    held: 0,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function connectFuzzPeer(
  port: number,
  { localAddress, ...options }: FuzzPeerOptions & { readonly localAddress?: string } = {},
): Promise<FuzzPeer> {
  const socket = connect({ host: "127.0.0.1", port, ...(localAddress !== undefined && { localAddress }) });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return createFuzzPeer(socket, options);
}

async function bindFuzzPeer(
  peer: FuzzPeer,
  { systemId = "esme", password = "secret" }: { readonly systemId?: string; readonly password?: string } = {},
): Promise<void> {
  const fields = { system_id: systemId, password, interface_version: 0x34 };
  peer.socket.write(encodePdu({ command: "bind_transceiver", sequence: 1, fields }));
  await peer.until("the bind's answer", (received) => received.some(({ id }) => id === BIND_RESP));
}

interface CountedServer extends AsyncDisposable {
  readonly port: number;
  /** Connections that have not closed. */
  readonly sockets: number;
}

async function listenCounted(onSocket: (socket: Socket) => void): Promise<CountedServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get sockets() {
      return sockets.size;
    },
    [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
