/** A connector and the simulator it is bound to, for tests; what comes in is kept and can be waited for. */
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { ConfigurableConnector, InboundHandlers, InboundReceipt, InboundReply } from "../../connector.ts";
import type { BehaviourInput } from "../../simulator/behaviour.ts";
import { openSmscSimulator, type SmscSimulator } from "../../simulator/smsc-simulator.ts";
import { createInbox, type Inbox, untilOpen } from "../../testing/connector-kit.ts";
import { type SmppSettings, smppSettingsSchema } from "../settings.ts";
import { openSmppConnector } from "../smpp-connector.ts";

export type SettingsInput = Partial<Parameters<typeof smppSettingsSchema.parse>[0] & Record<string, unknown>>;

export function openTestConnector(
  port: number,
  handlers: InboundHandlers,
  settings: SettingsInput = {},
): ConfigurableConnector<SmppSettings> {
  const parsed = testSettings(port, settings);
  return openSmppConnector(parsed, { clock: systemClock, random: systemRandom, log: silentLogger, handlers });
}

export function testSettings(port: number, settings: SettingsInput = {}): SmppSettings {
  return smppSettingsSchema.parse({
    type: "smpp",
    provider: "acme",
    host: "127.0.0.1",
    port,
    systemId: "godwit",
    password: "secret",
    reconnectMinMs: 5,
    reconnectMaxMs: 20,
    ...settings,
  });
}

export function openTestSimulator(behaviour: BehaviourInput = {}, port = 0): Promise<SmscSimulator> {
  return openSmscSimulator({ port, clock: systemClock, random: systemRandom, behaviour });
}

export interface Pair extends AsyncDisposable {
  readonly simulator: SmscSimulator;
  readonly connector: ConfigurableConnector<SmppSettings>;
  readonly receipts: Inbox<InboundReceipt>;
  readonly replies: Inbox<InboundReply>;
}

/** Bound when it resolves. */
export async function openPair(behaviour: BehaviourInput = {}, settings: SettingsInput = {}): Promise<Pair> {
  const simulator = await openTestSimulator(behaviour);
  const receipts = createInbox<InboundReceipt>();
  const replies = createInbox<InboundReply>();
  const handlers: InboundHandlers = {
    onReceipt: async (receipt) => receipts.push(receipt),
    onReply: async (reply) => replies.push(reply),
  };
  const connector = openTestConnector(simulator.port, handlers, settings);
  await untilOpen(connector);
  return {
    simulator,
    connector,
    receipts,
    replies,
    async [Symbol.asyncDispose]() {
      await connector[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}
