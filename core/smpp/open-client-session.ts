/**
 * From nothing to a bound session: connect, over TLS where it is wanted, bind, or say why not. Every step has a
 * deadline, and whatever was opened on the way to a failure is closed again. No certificate is taken unverified.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type BoundAs, bindCommand } from "./bind-state.ts";
import { type PduFields, Status } from "./pdu.ts";
import { Session, type SessionOptions } from "./session.ts";

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

export interface ClientSessionOptions extends Omit<SessionOptions, "socket" | "role"> {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear, as most of SMPP goes. */
  readonly tls?: TlsOptions | undefined;
  readonly bindAs: BoundAs;
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  readonly interfaceVersion: number;
  readonly connectTimeoutMs: number;
  readonly signal?: AbortSignal;
}

export type OpenResult =
  | { readonly type: "bound"; readonly session: Session }
  /** The SMSC said no: `status` is its command_status. */
  | { readonly type: "refused"; readonly status: number }
  | { readonly type: "failed"; readonly error: SmppLinkError };

export type SmppLinkErrorCode =
  | "connect_failed"
  | "connect_timeout"
  /** No TLS there, or a certificate that is not to be trusted: `cause` says which. */
  | "tls_failed"
  | "bind_timeout"
  | "link_lost"
  | "aborted";

/** An operational failure of a link. All but an abort are worth another try. */
export class SmppLinkError extends Error {
  readonly code: SmppLinkErrorCode;
  readonly retryable: boolean;
  constructor(code: SmppLinkErrorCode, doing: string, options?: ErrorOptions) {
    super(`Cannot ${doing}: ${code}`, options);
    this.name = "SmppLinkError";
    this.code = code;
    this.retryable = code !== "aborted";
  }
}

/** Never rejects but on a programmer error (a credential too long for the wire). */
export async function openClientSession(options: ClientSessionOptions): Promise<OpenResult> {
  const where = `bind to ${options.host}:${options.port}`;
  const socket = await openSocket(options);
  if (socket instanceof SmppLinkError) return { type: "failed", error: socket };
  const session = new Session({ ...options, socket, role: "esme" });
  const abort = (): void => session.destroy();
  options.signal?.addEventListener("abort", abort);
  try {
    const bind = await session.request(bindCommand(options.bindAs), bindFields(options), {
      timeoutMs: options.bindTimeoutMs,
    });
    if (bind.type === "answered" && bind.status === Status.ok && session.state === "bound") {
      return { type: "bound", session };
    }
    session.destroy();
    if (bind.type === "answered") return { type: "refused", status: bind.status };
    if (options.signal?.aborted) return { type: "failed", error: new SmppLinkError("aborted", where) };
    const timedOut = bind.type === "unknown" && bind.reason === "response_timeout";
    return { type: "failed", error: new SmppLinkError(timedOut ? "bind_timeout" : "link_lost", where) };
  } catch (error) {
    session.destroy();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}

function bindFields(options: ClientSessionOptions): PduFields {
  return {
    system_id: options.systemId,
    password: options.password,
    system_type: options.systemType,
    interface_version: options.interfaceVersion,
  };
}

function openSocket(options: ClientSessionOptions): Promise<Socket | SmppLinkError> {
  const { host, port, clock, signal } = options;
  const doing = `connect to ${host}:${port}`;
  if (signal?.aborted) return Promise.resolve(new SmppLinkError("aborted", doing));
  return new Promise((resolve) => {
    const socket = options.tls === undefined ? connect({ host, port }) : startTls(options, options.tls);
    let isConnected = false;
    const settle = (result: Socket | SmppLinkError): void => {
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
    const code = (): SmppLinkErrorCode => (isConnected ? "tls_failed" : "connect_failed");
    const abort = (): void => settle(new SmppLinkError("aborted", doing));
    const failed = (cause: Error): void => settle(new SmppLinkError(code(), doing, { cause }));
    const closed = (): void => settle(new SmppLinkError(code(), doing));
    const timer = clock.after(options.connectTimeoutMs, () => settle(new SmppLinkError("connect_timeout", doing)));
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

/** Chain and name are verified: an SMSC's password and its customers' texts go over this. */
function startTls({ host, port }: ClientSessionOptions, { ca, serverName, cert, key }: TlsOptions): TLSSocket {
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
