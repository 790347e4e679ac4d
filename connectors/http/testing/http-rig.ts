/** The HTTP connector, its callbacks' server, and a provider that it talks to. */
import { systemClock } from "#domain/clock.ts";
import { decodePart } from "#domain/encoding/segment-text.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { serveCallbacks } from "../../callback-server.ts";
import type { ConnectorRig, RigSettings } from "../../connector.conformance.ts";
import type { InboundHandlers } from "../../connector.ts";
import { openHttpConnector } from "../http-connector.ts";
import { type HttpSettings, httpSettingsSchema } from "../settings.ts";
import { type Behaviour, openHttpProvider, type SeenRequest } from "./http-provider.ts";

export const SECRET = "a-secret-of-the-test-0";
/** What a provider does with a callback that was not taken. */
const AGAIN_MS = 20;
const AGAIN_MAX = 50;

export type HttpSettingsInput = Partial<Parameters<typeof httpSettingsSchema.parse>[0] & Record<string, unknown>>;

export function testHttpSettings(port: number, more: HttpSettingsInput = {}): HttpSettings {
  return httpSettingsSchema.parse({
    type: "http",
    provider: "acme",
    url: `http://127.0.0.1:${port}/v1/messages`,
    headers: { "idempotency-key": "{key}" },
    body: { json: { to: "{to}", from: "{from}", octets: "{hex}", coding: "{encoding}", udh: "{udh}", part: "{part}" } },
    answers: [
      { status: [201], accepted: { id: "/id" } },
      { status: [400], where: { "/error": ["no such number"] }, refused: { class: "recipient" } },
    ],
    callbacks: {
      secret: SECRET,
      receipts: { id: "/id", state: "/status", states: { DELIVERED: "delivered", failed: "undelivered" } },
      replies: { from: "/from", to: "/to", text: "/text" },
    },
    reconnectMinMs: 5,
    reconnectMaxMs: 20,
    ...more,
  });
}

export async function openHttpRig(settings: RigSettings, handlers: InboundHandlers): Promise<ConnectorRig> {
  const first = await openHttpProvider();
  const { port } = first;
  let provider = first;
  const connector = openHttpConnector(testHttpSettings(port, { ...settings }), {
    ...{ clock: systemClock, random: systemRandom, log: silentLogger, handlers },
  });
  const server = serveCallbacks({ host: "127.0.0.1", port: 0, handlerOf: () => connector.callback });
  const stopping = new AbortController();
  const told = new Set<Promise<void>>();
  const tell = (kind: string, body: object): void => {
    const telling = callBack(`http://127.0.0.1:${server.port}/acme/${kind}/${SECRET}`, body, stopping.signal);
    told.add(telling);
  };
  const take: Behaviour = (_, count) => {
    const id = `p${count}`;
    tell("receipts", { id, status: "Delivered" });
    return { status: 201, body: JSON.stringify({ id }) };
  };
  first.behave(take);
  return {
    connector,
    behave(how) {
      if (how === "accept") provider.behave(take);
      else if (how === "silent") provider.behave(() => "silent");
      else if (how === "throttle") provider.behave(() => ({ status: 429, body: "{}" }));
      else provider.behave(() => ({ status: 400, body: JSON.stringify({ error: "no such number" }) }));
    },
    seen: () => provider.requests.map(read),
    configure: (next) => connector.configure(testHttpSettings(port, { ...next })),
    cut: () => provider.cutAll(),
    async goAway() {
      await provider[Symbol.asyncDispose]();
    },
    async comeBack() {
      provider = await openHttpProvider(port);
      provider.behave(take);
    },
    reply: (reply) => tell("replies", reply),
    async [Symbol.asyncDispose]() {
      await connector[Symbol.asyncDispose]();
      stopping.abort();
      await Promise.all(told);
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

function read({ body }: SeenRequest): { readonly to: string; readonly text: string } {
  const { to, octets, coding } = JSON.parse(body) as { to: string; octets: string; coding: "gsm7" | "ucs2" };
  return { to, text: decodePart(Buffer.from(octets, "hex"), coding) };
}

/** Until it is taken, as a provider does. */
async function callBack(url: string, body: object, signal: AbortSignal): Promise<void> {
  for (let times = 0; times < AGAIN_MAX && !signal.aborted; times++) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    if (response.ok) return;
    await systemClock.sleep(AGAIN_MS, signal);
  }
}
