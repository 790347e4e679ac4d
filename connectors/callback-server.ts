/**
 * Where providers that speak HTTP tell of receipts and replies: `/<provider>/receipts/<secret>` and
 * `/<provider>/replies/<secret>`. TLS ends before it; it is bound to the loopback unless told otherwise.
 */
/// <reference types="bun" />
import type { CallbackHandler } from "./connector.ts";

/** A thousand receipts in one request are less. */
const BODY_BYTES_MAX = 1_048_576;
/** More at once are told to come again: they wait on disks. */
const IN_HAND_MAX = 500;
/** A connection that says nothing. */
const IDLE_SECONDS = 30;

export interface CallbackServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves until it is disposed; what is in hand then is answered first. */
export function serveCallbacks(options: {
  readonly host: string;
  readonly port: number;
  readonly handlerOf: (provider: string) => CallbackHandler | undefined;
}): CallbackServer {
  let inHand = 0;
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    maxRequestBodySize: BODY_BYTES_MAX,
    idleTimeout: IDLE_SECONDS,
    async fetch(request) {
      const [, provider = "", kind = "", secret = "", ...rest] = new URL(request.url).pathname.split("/");
      const handler = rest.length === 0 ? options.handlerOf(provider) : undefined;
      if (handler === undefined) return new Response("Not found\n", { status: 404 });
      if (inHand >= IN_HAND_MAX) {
        return new Response("Too many at once: send it again\n", { status: 503, headers: { "retry-after": "1" } });
      }
      inHand += 1;
      try {
        return await handler({ kind, secret, request });
      } finally {
        inHand -= 1;
      }
    },
    error: () => new Response("Send it again\n", { status: 503, headers: { "retry-after": "5" } }),
  });
  return {
    port: server.port ?? options.port,
    async [Symbol.asyncDispose]() {
      await server.stop(false);
    },
  };
}
