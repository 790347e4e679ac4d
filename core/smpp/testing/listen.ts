/** A server on a free loopback port, for tests. Its connections end with it. */
import { createServer, type Socket } from "node:net";
import { systemClock } from "#domain/clock.ts";
import { type ClientSessionOptions, openClientSession } from "../open-client-session.ts";
import { Session } from "../session.ts";
import type { SessionOptions } from "../session-options.ts";

export const TEST_OPTIONS = {
  clock: systemClock,
  window: 50,
  maxInHand: 1_000,
  bindTimeoutMs: 10_000,
  responseTimeoutMs: 10_000,
  enquireLinkMs: 60_000,
  enquireLinkTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  onRequest: () => ({ status: 0 }),
} as const;

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

export async function listen(onSocket: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** A server whose every connection is an SMSC session. */
export function listenSmsc(
  options: Partial<SessionOptions> = {},
  onSession: (session: Session) => void = () => undefined,
): Promise<Listening> {
  return listen((socket) => onSession(new Session({ ...TEST_OPTIONS, ...options, socket, role: "smsc" })));
}

export function openTestClient(
  port: number,
  options: Partial<ClientSessionOptions> = {},
): ReturnType<typeof openClientSession> {
  return openClientSession({
    ...TEST_OPTIONS,
    host: "127.0.0.1",
    port,
    bindAs: "trx",
    systemId: "esme",
    password: "secret",
    systemType: "",
    interfaceVersion: 0x34,
    ...options,
  });
}

/** A bound client session, or a failed test. */
export async function bindTestClient(port: number, options: Partial<ClientSessionOptions> = {}): Promise<Session> {
  const opened = await openTestClient(port, options);
  if (opened.type !== "bound") throw new Error(`Cannot bind test client: ${JSON.stringify(opened)}`);
  return opened.session;
}
