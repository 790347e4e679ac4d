/**
 * One raw keep-alive connection with at most one request in flight: connecting → idle ⇄ waiting → closed. When the
 * server closes it or it breaks, it connects again after a moment, until it is closed for good; what was in flight is
 * reported as unanswered, never sent again, since nobody knows what became of it.
 */
import type { Socket } from "bun";
import { createResponseReader, type HttpResponse, type ResponseReader } from "./response-reader.ts";

export interface LoadConnection {
  /** Sends a whole request. Only while idle. */
  send(request: string): void;
  /** Ends it for good. */
  close(): void;
}

export interface LoadConnectionEvents {
  /** Connected, or connected again: a request may be sent. */
  idle(connection: LoadConnection): void;
  /** The response to the request in flight; it is idle again unless `closes`, when `idle` follows. */
  answered(connection: LoadConnection, response: HttpResponse): void;
  /** It broke; `wasWaiting` when a request was in flight. */
  broken(connection: LoadConnection, wasWaiting: boolean): void;
}

const RECONNECT_MS = 50;

type State = "connecting" | "idle" | "waiting" | "closed";

/** Connects at once; `events.idle` tells when it is up. */
export function openLoadConnection(
  server: { readonly hostname: string; readonly port: number },
  events: LoadConnectionEvents,
): LoadConnection {
  let state: State = "connecting";
  let socket: Socket | undefined;
  let unsent: Uint8Array = new Uint8Array(0);
  let reader: ResponseReader;

  const connection: LoadConnection = {
    send(request) {
      if (state !== "idle") throw new Error(`Cannot send as the connection is ${state}`);
      state = "waiting";
      unsent = Buffer.from(request, "latin1");
      flush();
    },
    close() {
      state = "closed";
      socket?.end();
    },
  };

  function flush(): void {
    const written = socket?.write(unsent) ?? 0;
    unsent = written > 0 ? unsent.subarray(written) : unsent;
  }

  function onResponse(response: HttpResponse): void {
    if (state !== "waiting") throw new Error("A response to no request");
    state = response.closes ? "connecting" : "idle";
    events.answered(connection, response);
    if (response.closes) socket?.end();
  }

  function onGone(gone: Socket | undefined): void {
    if (gone !== socket || state === "closed") return;
    const wasWaiting = state === "waiting";
    if (state !== "connecting" || gone === undefined) events.broken(connection, wasWaiting);
    state = "connecting";
    socket = undefined;
    setTimeout(connect, RECONNECT_MS);
  }

  function connect(): void {
    if (state === "closed") return;
    reader = createResponseReader(onResponse);
    Bun.connect({
      ...server,
      socket: {
        open(opened) {
          opened.setNoDelay(true);
          socket = opened;
          if (state === "closed") return void opened.end();
          state = "idle";
          events.idle(connection);
        },
        data(_socket, bytes) {
          reader.push(bytes);
        },
        drain: () => {
          if (unsent.length > 0) flush();
        },
        close: (closed) => onGone(closed),
        error: (failed) => void failed.end(),
      },
    }).catch(() => onGone(undefined));
  }

  connect();
  return connection;
}
