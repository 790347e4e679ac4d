/**
 * A connected socket, over TLS where it is wanted, or why there is none. It has a deadline, and whatever was opened on
 * the way to a failure is closed again. No certificate is taken unverified.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "#domain/clock.ts";

/** All in PEM. */
interface TlsOptions {
  /** Whom to trust instead of the authorities that the runtime knows. */
  readonly ca?: string | undefined;
  /** The name on the peer's certificate where it is not the host. */
  readonly serverName?: string | undefined;
  /** Our own certificate and its key, for a peer that asks who we are. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly tls?: TlsOptions | undefined;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly signal?: AbortSignal;
}

export type SocketErrorCode =
  | "connect_failed"
  | "connect_timeout"
  /** No TLS there, or a certificate that is not to be trusted: `cause` says which. */
  | "tls_failed"
  | "aborted";

/** An operational failure. All but an abort are worth another try. */
export class SocketError extends Error {
  readonly code: SocketErrorCode;
  readonly retryable: boolean;
  constructor(code: SocketErrorCode, doing: string, options?: ErrorOptions) {
    super(`Cannot ${doing}: ${code}`, options);
    this.name = "SocketError";
    this.code = code;
    this.retryable = code !== "aborted";
  }
}

/** Never rejects. The socket has no listener of ours on it any more: whoever takes it listens for its errors. */
export function openSocket(options: SocketOptions): Promise<Socket | SocketError> {
  const { host, port, clock, signal } = options;
  const doing = `connect to ${host}:${port}`;
  if (signal?.aborted) return Promise.resolve(new SocketError("aborted", doing));
  return new Promise((resolve) => {
    const socket = options.tls === undefined ? connect({ host, port }) : startTls(options, options.tls);
    let isConnected = false;
    const settle = (result: Socket | SocketError): void => {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      socket.off("error", failed);
      socket.off("close", closed);
      if (result !== socket) {
        socket.on("error", () => undefined);
        socket.destroy();
      }
      resolve(result);
    };
    const code = (): SocketErrorCode => (isConnected ? "tls_failed" : "connect_failed");
    const abort = (): void => settle(new SocketError("aborted", doing));
    const failed = (cause: Error): void => settle(new SocketError(code(), doing, { cause }));
    const closed = (): void => settle(new SocketError(code(), doing));
    const timer = clock.after(options.connectTimeoutMs, () => settle(new SocketError("connect_timeout", doing)));
    signal?.addEventListener("abort", abort);
    socket.once("connect", () => {
      isConnected = true;
      if (options.tls === undefined) settle(socket);
    });
    socket.once("secureConnect", () => settle(socket));
    socket.on("error", failed);
    socket.on("close", closed);
  });
}

/** Chain and name are verified: a provider's password and its customers' texts go over this. */
function startTls({ host, port }: SocketOptions, { ca, serverName, cert, key }: TlsOptions): TLSSocket {
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(name === undefined ? {} : { servername: name }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
}
