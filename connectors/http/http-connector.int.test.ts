/** The HTTP connector against a provider on a real socket that answers well, badly, or not as HTTP at all. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { serveCallbacks } from "../callback-server.ts";
import type { Connector, InboundReceipt, InboundReply, SubmitResult } from "../connector.ts";
import { alwaysMayWrite, segment, untilOpen } from "../testing/connector-kit.ts";
import { openHttpConnector } from "./http-connector.ts";
import { type Behaviour, openHttpProvider } from "./testing/http-provider.ts";
import { type HttpSettingsInput, SECRET, testHttpSettings } from "./testing/http-rig.ts";

const quiet = { onReceipt: async () => undefined, onReply: async () => undefined };
const deps = { clock: systemClock, random: systemRandom, log: silentLogger, handlers: quiet };
const submit = (connector: Connector): Promise<SubmitResult> => connector.submit(segment(), alwaysMayWrite);

async function openPair(settings: HttpSettingsInput = {}) {
  const provider = await openHttpProvider();
  const connector = openHttpConnector(testHttpSettings(provider.port, settings), deps);
  await untilOpen(connector);
  return {
    provider,
    connector,
    async [Symbol.asyncDispose]() {
      await connector[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const TAKEN = '{"id":"p1"}';
const UNCLEAR = { type: "unknown", reason: "answer_unclear" };
const LOST = { type: "unknown", reason: "link_lost" };
const ACCEPTED = { type: "accepted", providerMessageId: "p1" };
const chunked = (body: string): string =>
  `transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const ANSWERS: readonly (readonly [name: string, raw: string, result: object])[] = [
  ["in chunks", `HTTP/1.1 201 Created\r\n${chunked(TAKEN)}`, ACCEPTED],
  [
    "after 100 Continue",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 11\r\n\r\n${TAKEN}`,
    ACCEPTED,
  ],
  ["that ends with its connection", `HTTP/1.0 201 Created\r\n\r\n${TAKEN}`, ACCEPTED],
  [
    "with nothing in it",
    "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
    { type: "accepted", providerMessageId: "" },
  ],
  ["cut short", `HTTP/1.1 201 Created\r\ncontent-length: 20\r\n\r\n${TAKEN}`, LOST],
  ["that is none", "", LOST],
  ["that is no HTTP", "\u0000\u0001\u0002 who is there?\r\n\r\n", UNCLEAR],
  ["in another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", UNCLEAR],
  ["with too long a head", `HTTP/1.1 201 Created\r\nx: ${"y".repeat(400_000)}\r\n\r\n`, UNCLEAR],
  ["with too long a body", `HTTP/1.1 201 Created\r\ncontent-length: 70000\r\n\r\n${" ".repeat(70_000)}`, UNCLEAR],
  [
    "that leads elsewhere",
    "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    { status: 307, class: "request" },
  ],
];

describe("answers", () => {
  test.each(ANSWERS)("one %s", async (_, raw, result) => {
    await using pair = await openPair();
    pair.provider.behave(() => ({ raw }));
    expect(await submit(pair.connector)).toMatchObject(result);
    pair.provider.behave(() => ({ status: 201, body: TAKEN }));
    // It said nothing of closing, and did: a request that crosses with that would be in doubt.
    await systemClock.sleep(20);
    await untilOpen(pair.connector);
    expect(await submit(pair.connector)).toEqual({ type: "accepted", providerMessageId: "p1" });
    expect(pair.provider.requests).toHaveLength(2);
  });

  test("Retry-After is heeded, whatever the refusal is called", async () => {
    await using pair = await openPair();
    pair.provider.behave(() => ({ status: 503, body: "", headers: { "retry-after": "2" } }));
    expect(await submit(pair.connector)).toMatchObject({ status: 503, class: "transient" });
    pair.provider.behave(() => ({ status: 201, body: TAKEN }));
    const at = systemClock.monotonic();
    await untilOpen(pair.connector);
    expect(systemClock.monotonic() - at).toBeGreaterThan(1_500);
  });
});

describe("connections", () => {
  test("one is used again and again, and never after the provider may have closed it", async () => {
    await using pair = await openPair();
    for (let i = 0; i < 5; i++) await submit(pair.connector);
    expect([pair.provider.requests.length, pair.provider.connections]).toEqual([5, 1]);
    const closing: Behaviour = () => ({ status: 201, body: TAKEN, headers: { connection: "close" } });
    const short: Behaviour = () => ({ status: 201, body: TAKEN, headers: { "keep-alive": "timeout=1" } });
    for (const [behaviour, connections] of [
      [closing, 1],
      [closing, 2],
      [short, 3],
      [short, 4],
    ] as const) {
      pair.provider.behave(behaviour);
      expect(await submit(pair.connector)).toMatchObject({ type: "accepted" });
      expect(pair.provider.connections).toBe(connections);
    }
  });

  test("one that the provider closed while it was idle costs nothing", async () => {
    await using pair = await openPair();
    await submit(pair.connector);
    pair.provider.cutAll();
    await systemClock.sleep(20);
    expect(await submit(pair.connector)).toMatchObject({ type: "accepted" });
    expect(pair.connector.health).toBe("bound");
  });

  test("as many as the window, and no more", async () => {
    await using pair = await openPair({ window: 8, responseTimeoutMs: 200 });
    pair.provider.behave(() => "silent");
    const held = Array.from({ length: 8 }, () => pair.connector.submit(segment({ urgent: true }), alwaysMayWrite));
    while (pair.provider.requests.length < 8) await new Promise(setImmediate);
    expect(pair.provider.connections).toBe(8);
    await Promise.all(held);
  });

  test("another address counts from the next request on; what is in flight is answered at the old one", async () => {
    await using pair = await openPair();
    await using other = await openHttpProvider();
    other.behave(() => ({ status: 201, body: '{"id":"other"}' }));
    const release = Promise.withResolvers<void>();
    pair.provider.behave(() => {
      release.resolve();
      return { status: 201, body: TAKEN };
    });
    const held = submit(pair.connector);
    pair.connector.configure(testHttpSettings(other.port));
    await release.promise;
    expect(await held).toMatchObject({ providerMessageId: "p1" });
    expect(await submit(pair.connector)).toMatchObject({ providerMessageId: "other" });
    expect([pair.provider.requests.length, other.requests.length]).toEqual([1, 1]);
  });

  test("a text of parts goes to nobody who would not join them", async () => {
    await using pair = await openPair({ body: { form: { to: "{to}", text: "{text}" } } });
    const part = segment({ segment: 0, segments: 2 });
    expect(await pair.connector.submit(part, alwaysMayWrite)).toMatchObject({ type: "refused", class: "route" });
    expect(pair.provider.requests).toHaveLength(0);
  });
});

describe("callbacks", () => {
  const receipts: InboundReceipt[] = [];
  const replies: InboundReply[] = [];
  let isAway = false;
  const keep = async <T>(list: T[], item: T): Promise<void> => {
    if (isAway) throw new Error("the store is away");
    list.push(item);
  };

  async function openCallbacks(settings: HttpSettingsInput = {}) {
    const handlers = {
      onReceipt: (it: InboundReceipt) => keep(receipts, it),
      onReply: (it: InboundReply) => keep(replies, it),
    };
    const connector = openHttpConnector(testHttpSettings(1, settings), { ...deps, handlers });
    const server = serveCallbacks({
      ...{ host: "127.0.0.1", port: 0 },
      handlerOf: (provider) => (provider === "acme" ? connector.callback : undefined),
    });
    const base = `http://127.0.0.1:${server.port}`;
    return {
      ask: async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`${base}${path}`, init);
        return [response.status, await response.text()];
      },
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        await connector[Symbol.asyncDispose]();
      },
    };
  }
  const post = (body: BodyInit): RequestInit => ({ method: "POST", body });

  test("JSON, a form and a query say the same, and each is kept before it is answered", async () => {
    await using callbacks = await openCallbacks();
    const path = `/acme/receipts/${SECRET}`;
    receipts.length = 0;
    expect(await callbacks.ask(path, post('{"id":1,"status":"delivered"}'))).toEqual([200, "OK"]);
    expect(await callbacks.ask(path, post(new URLSearchParams({ id: "2", status: "FAILED" })))).toEqual([200, "OK"]);
    expect(await callbacks.ask(`${path}?id=3&status=Delivered`)).toEqual([200, "OK"]);
    expect(receipts.map(({ providerMessageId, state }) => [providerMessageId, state])).toEqual([
      ["1", "delivered"],
      ["2", "undelivered"],
      ["3", "delivered"],
    ]);
    const reply = { from: "491701234567", to: "72345", text: "ja 😀" };
    expect(await callbacks.ask(`/acme/replies/${SECRET}`, post(JSON.stringify(reply)))).toEqual([200, "OK"]);
    expect(replies).toMatchObject([{ from: "+491701234567", text: "ja 😀" }]);
  });

  test("what is not kept is to come again", async () => {
    await using callbacks = await openCallbacks();
    isAway = true;
    const ask = () => callbacks.ask(`/acme/receipts/${SECRET}`, post('{"id":"again","status":"delivered"}'));
    expect(await ask()).toEqual([503, "Not kept: send it again\n"]);
    isAway = false;
    expect(await ask()).toEqual([200, "OK"]);
  });

  test("a stranger learns nothing; who is known learns what is wrong", async () => {
    await using callbacks = await openCallbacks();
    receipts.length = 0;
    const good = '{"id":1,"status":"delivered"}';
    for (const path of [
      `/acme/receipts/${SECRET}x`,
      `/other/receipts/${SECRET}`,
      `/acme/receipts/${SECRET}/more`,
      `/acme/secrets/${SECRET}`,
      "/acme/receipts",
      "/",
    ]) {
      expect([path, ...(await callbacks.ask(path, post(good)))]).toEqual([path, 404, "Not found\n"]);
    }
    const path = `/acme/receipts/${SECRET}`;
    expect((await callbacks.ask(path, post("{")))[0]).toBe(400);
    expect(await callbacks.ask(path, post('{"id":1,"status":"eaten"}'))).toEqual([
      422,
      "Item 1 of 1: What is at /status is none of the states of this link: delivered, failed\n",
    ]);
    expect((await callbacks.ask(path, { method: "DELETE" }))[0]).toBe(405);
    expect((await callbacks.ask(path, post(" ".repeat(1_048_577))))[0]).toBe(413);
    expect(receipts).toEqual([]);
  });
});
