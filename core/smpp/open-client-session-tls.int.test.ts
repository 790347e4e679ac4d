/** Links over TLS, on real sockets: who is trusted, and what becomes of those who are not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type TlsOptions as ServerOptions } from "node:tls";
import { generate } from "selfsigned";
import type { ClientSessionOptions, OpenResult } from "./open-client-session.ts";
import { Session } from "./session.ts";
import { type Listening, listen, openTestClient, TEST_OPTIONS } from "./testing/listen.ts";

const NAME = "smsc.test";
interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Its own authority. */
async function identity(name: string): Promise<Identity> {
  const made = await generate([{ name: "commonName", value: name }], {
    keySize: 2_048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: name }] },
    ],
  });
  return { cert: made.cert, key: made.private };
}

async function listenTls(options: ServerOptions): Promise<Listening> {
  const server = createServer(options, (socket) => new Session({ ...TEST_OPTIONS, socket, role: "smsc" }));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

let smsc: Identity;
let customer: Identity;
let server: Listening;
beforeAll(async () => {
  [smsc, customer] = await Promise.all([identity(NAME), identity("customer.test")]);
  server = await listenTls(smsc);
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(port: number, tls: ClientSessionOptions["tls"]): Promise<OpenResult["type"] | string> {
  const opened = await openTestClient(port, { tls, bindTimeoutMs: 500, connectTimeoutMs: 2_000 });
  if (opened.type === "bound") await opened.session.unbind();
  return opened.type === "failed" ? opened.error.code : opened.type;
}

test("bound where chain and name are right", async () => {
  expect(await open(server.port, { ca: smsc.cert, serverName: NAME })).toBe("bound");
});

test("never where the authority is unknown, or the name is another's", async () => {
  expect(await open(server.port, { serverName: NAME })).toBe("tls_failed");
  expect(await open(server.port, { ca: customer.cert, serverName: NAME })).toBe("tls_failed");
  expect(await open(server.port, { ca: smsc.cert, serverName: "other.test" })).toBe("tls_failed");
  expect(await open(server.port, { ca: smsc.cert })).toBe("tls_failed");
});

test("what speaks no TLS is told apart from what is not there", async () => {
  await using plain = await listen((socket) => new Session({ ...TEST_OPTIONS, socket, role: "smsc" }));
  expect(await open(plain.port, { ca: smsc.cert, serverName: NAME })).toBe("tls_failed");
  const { port } = plain;
  await plain[Symbol.asyncDispose]();
  expect(await open(port, { ca: smsc.cert, serverName: NAME })).toBe("connect_failed");
  expect(["link_lost", "bind_timeout"]).toContain(await open(server.port, undefined));
});

test("a peer that asks who we are is told, by our certificate", async () => {
  const asking = { ...smsc, ca: customer.cert, requestCert: true, rejectUnauthorized: true };
  await using strict = await listenTls(asking);
  const trusted = { ca: smsc.cert, serverName: NAME };
  expect(await open(strict.port, { ...trusted, ...customer })).toBe("bound");
  expect(await open(strict.port, trusted)).not.toBe("bound");
});
