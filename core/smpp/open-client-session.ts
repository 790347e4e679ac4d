/**
 * From nothing to a bound session: connect, over TLS where it is wanted, bind, or say why not. Every step has a
 * deadline, and whatever was opened on the way to a failure is closed again.
 */
import { openSocket, SocketError, type SocketErrorCode, type SocketOptions } from "#core/net/open-socket.ts";
import { type BoundAs, bindCommand } from "./bind-state.ts";
import { type PduFields, Status } from "./pdu.ts";
import { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";

export interface ClientSessionOptions extends Omit<SessionOptions, "socket" | "role">, SocketOptions {
  readonly bindAs: BoundAs;
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  readonly interfaceVersion: number;
}

export type OpenResult =
  | { readonly type: "bound"; readonly session: Session }
  /** The SMSC said no: `status` is its command_status. */
  | { readonly type: "refused"; readonly status: number }
  | { readonly type: "failed"; readonly error: SmppLinkError };

type SmppLinkErrorCode = SocketErrorCode | "bind_timeout" | "link_lost";

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
  if (socket instanceof SocketError) {
    return { type: "failed", error: new SmppLinkError(socket.code, where, { cause: socket }) };
  }
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
