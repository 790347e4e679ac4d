/** The same listener over TLS, with a certificate made for this test. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { connectRawPeer, wrapRawPeer } from "#core/smpp/testing/raw-peer.ts";
import { until } from "#testkit/until.ts";
import { openSmppWorld, SUBMIT } from "./testing/smpp-world.ts";

let dir = "";
let tls: { readonly key: string; readonly cert: string };
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-tls-"));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const made = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    key,
    "-out",
    cert,
    ...subject,
  ];
  expect(await Bun.spawn(["openssl", ...made], { stderr: "ignore", stdout: "ignore" }).exited).toBe(0);
  tls = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function open(port: number, ca: string): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" }, () => resolve(socket));
  socket.once("error", reject);
  return promise;
}

test("a customer binds and submits over TLS; one who speaks plainly gets nothing and is let go", async () => {
  await using world = await openSmppWorld({ tls, config: { bindTimeoutMs: 1_000 } });
  using peer = wrapRawPeer(await open(world.edge.port, tls.cert));
  peer.send({ command: "bind_transceiver", sequence: 1, fields: { system_id: "acme", password: "secret" } });
  expect(await peer.next()).toMatchObject({ command: "bind_transceiver_resp", status: 0 });
  peer.send({ command: "submit_sm", sequence: 2, fields: SUBMIT });
  const answer = await peer.next();
  expect(answer).toMatchObject({ command: "submit_sm_resp", status: 0 });
  expect(world.events().map(({ message }) => message as string)).toEqual([answer.fields.message_id ?? ""]);
  expect(world.edge.sessions()).toEqual({ bound: 1, unbound: 0 });

  using plain = await connectRawPeer(world.edge.port);
  plain.send({ command: "bind_transceiver", sequence: 1, fields: { system_id: "acme", password: "secret" } });
  await plain.closed;
  await expect(plain.next()).rejects.toThrow("closed");
  await until("it to be gone", 20_000, () => world.edge.sessions().unbound === 0 || undefined);
  expect(world.edge.sessions().bound).toBe(1);
});

test("who connects and never shakes hands is let go in time", async () => {
  await using world = await openSmppWorld({ tls, config: { bindTimeoutMs: 3_000 } });
  using silent = await connectRawPeer(world.edge.port);
  await until("it to be counted", 2_900, () => world.edge.sessions().unbound === 1 || undefined);
  await silent.closed;
  await until("it to be gone", 20_000, () => world.edge.sessions().unbound === 0 || undefined);
});
