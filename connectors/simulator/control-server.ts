/**
 * The simulator's HTTP side, for tests and for people; GET / tells what there is. No authentication: it listens on
 * loopback unless it is told otherwise. What it cannot do it answers with a problem that names the field.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { CONTROL_ROUTES, type ControlAnswer, controlHelp } from "./control-routes.ts";
import { InputError, parseJson } from "./problem.ts";
import type { SmscSimulator } from "./smsc-simulator.ts";

/** A script of 1,000 phases with some rules each. */
const BODY_BYTES_MAX = 1024 * 1024;

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

async function answer(simulator: SmscSimulator, request: IncomingMessage): Promise<ControlAnswer> {
  const { method = "GET" } = request;
  const url = new URL(request.url ?? "/", "http://simulator");
  if (url.pathname === "/" && method === "GET") return { status: 200, type: "text/plain", body: controlHelp() };
  try {
    const route = CONTROL_ROUTES[`${method} ${url.pathname}`];
    if (route === undefined) throw noRoute(method, url.pathname);
    return route.answer(simulator, { query: url.searchParams, body: await readJson(request) });
  } catch (error) {
    if (error instanceof InputError) return problem(error);
    const why = error instanceof Error ? error.message : String(error);
    return problem(new InputError(`Cannot answer as the simulator has a defect: ${why}`, [], 500));
  }
}

function noRoute(method: string, path: string): InputError {
  const methods = Object.keys(CONTROL_ROUTES).flatMap((route) => {
    const [known = "", at] = route.split(" ");
    return at === path ? [known] : [];
  });
  if (methods.length === 0) return new InputError(`Cannot find ${path}: GET / shows what there is`, [], 404);
  return new InputError(`Cannot ${method} ${path}: it takes ${methods.join(", ")}`, [], 405);
}

/** Undefined without a body. Throws InputError on one that is too long or no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > BODY_BYTES_MAX) {
      throw new InputError(`Cannot read a body of more than ${BODY_BYTES_MAX} bytes`, [], 413);
    }
  }
  return text === "" ? undefined : parseJson(text, "read the body");
}

function problem({ status, message, fields }: InputError): ControlAnswer {
  return { status, type: "application/json", body: `${JSON.stringify({ error: message, fields })}\n` };
}

function send(response: ServerResponse, result: ControlAnswer): void {
  response.writeHead(result.status, result.type === undefined ? {} : { "content-type": result.type });
  response.end(result.body ?? "");
}
