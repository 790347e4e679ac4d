/**
 * The simulator's HTTP side, for tests and for people: GET /livez, GET /counters, GET /submits?since=N and GET
 * /deliveries?since=N (NDJSON, oldest first), PUT /behaviour, POST /replies, POST /drop-links. No authentication: it
 * listens where the simulator does, on loopback.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { behaviourSchema } from "./behaviour.ts";
import type { SmscSimulator } from "./smsc-simulator.ts";
import { toLine } from "./submit-record.ts";

const BODY_BYTES_MAX = 64 * 1024;
const replySchema = z.strictObject({
  from: z.string().min(1).max(21),
  to: z.string().min(1).max(21),
  text: z.string().max(10_000),
});
const sinceSchema = z.coerce.number().int().min(0).default(0);

interface HttpAnswer {
  readonly status: number;
  readonly type?: "application/json" | "application/x-ndjson";
  readonly body?: string;
}

type Route = (simulator: SmscSimulator, url: URL, body: unknown) => HttpAnswer;

const ROUTES: Readonly<Record<string, Route>> = {
  "GET /livez": () => json({ live: true }),
  "GET /counters": (simulator) => json({ ...simulator.counters, links: simulator.links, waiting: simulator.waiting }),
  "GET /submits": (simulator, url) => {
    const since = sinceSchema.safeParse(url.searchParams.get("since") ?? undefined);
    return since.success ? ndjson(simulator.submitsSince(since.data).map(toLine)) : invalid(since.error);
  },
  "GET /deliveries": (simulator, url) => {
    const since = sinceSchema.safeParse(url.searchParams.get("since") ?? undefined);
    return since.success ? ndjson(simulator.deliveriesSince(since.data)) : invalid(since.error);
  },
  "PUT /behaviour": (simulator, _url, body) => {
    const behaviour = behaviourSchema.safeParse(body);
    if (!behaviour.success) return invalid(behaviour.error);
    simulator.setBehaviour(behaviour.data);
    return json(behaviour.data);
  },
  "POST /replies": (simulator, _url, body) => {
    const reply = replySchema.safeParse(body);
    if (!reply.success) return invalid(reply.error);
    simulator.reply(reply.data);
    return { status: 202 };
  },
  "POST /drop-links": (simulator) => {
    simulator.dropLinks();
    return { status: 204 };
  },
};

/** Listens once it resolves; port 0 = any free one. */
export async function openControlServer(
  simulator: SmscSimulator,
  listen: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(simulator, request).then((result) => send(response, result));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(listen.port, listen.host, resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      return closed;
    },
  };
}

async function answer(simulator: SmscSimulator, request: IncomingMessage): Promise<HttpAnswer> {
  const url = new URL(request.url ?? "/", "http://simulator");
  const route = ROUTES[`${request.method} ${url.pathname}`];
  if (route === undefined) return { status: 404 };
  try {
    return route(simulator, url, await readJson(request));
  } catch {
    return { status: 400 };
  }
}

/** Undefined without a body. Rejects on one that is too long, breaks off or is no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > BODY_BYTES_MAX) throw new RangeError(`Cannot read body beyond ${BODY_BYTES_MAX} bytes`);
  }
  return text === "" ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, result: HttpAnswer): void {
  response.writeHead(result.status, result.type === undefined ? {} : { "content-type": result.type });
  response.end(result.body ?? "");
}

function json(value: unknown): HttpAnswer {
  return { status: 200, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function ndjson(rows: readonly object[]): HttpAnswer {
  const body = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  return { status: 200, type: "application/x-ndjson", body };
}

function invalid(error: z.ZodError): HttpAnswer {
  return { status: 422, type: "application/json", body: `${JSON.stringify({ error: z.prettifyError(error) })}\n` };
}
