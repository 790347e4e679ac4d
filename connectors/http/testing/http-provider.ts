/**
 * A provider that speaks HTTP, on a port: it takes, refuses, leaves unanswered or cuts off what a test tells it to, and
 * sends receipts and replies as requests of its own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What it does with a request that it has read. */
export type Behaviour = (
  request: SeenRequest,
  count: number,
) =>
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | "silent"
  | "cut"
  /** Octets as they are, then the connection's end. */
  | { readonly raw: string };

export interface HttpProvider extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly SeenRequest[];
  /** Connections that were ever made to it. */
  readonly connections: number;
  behave(behaviour: Behaviour): void;
  cutAll(): void;
}

const taking: Behaviour = (_, count) => ({ status: 201, body: JSON.stringify({ id: `p${count}`, status: "queued" }) });

/** `port` 0: any. */
export async function openHttpProvider(port = 0): Promise<HttpProvider> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let behaviour = taking;
  let connections = 0;
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = "", url = "", headers } = request;
      const seen = { method, url, headers, body };
      requests.push(seen);
      answer(request, response, behaviour(seen, requests.length));
    });
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    get connections() {
      return connections;
    },
    behave: (next) => {
      behaviour = next;
    },
    cutAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function answer(request: IncomingMessage, response: ServerResponse, how: ReturnType<Behaviour>): void {
  if (how === "silent") return;
  if (how === "cut") {
    request.socket.destroy();
    return;
  }
  if ("raw" in how) {
    request.socket.end(how.raw);
    return;
  }
  response.writeHead(how.status, { "content-type": "application/json", ...how.headers });
  response.end(how.body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}
