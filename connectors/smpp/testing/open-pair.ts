/** A connector and the simulator it is bound to, for tests; what comes in is kept and can be waited for. */
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { Connector, InboundHandlers, InboundReceipt, InboundReply, OutboundSegment } from "../../connector.ts";
import type { BehaviourInput } from "../../simulator/behaviour.ts";
import { openSmscSimulator, type SmscSimulator } from "../../simulator/smsc-simulator.ts";
import { smppSettingsSchema } from "../settings.ts";
import { openSmppConnector } from "../smpp-connector.ts";

export type SettingsInput = Partial<Parameters<typeof smppSettingsSchema.parse>[0] & Record<string, unknown>>;

export const alwaysMayWrite = (): boolean => true;

/** Collects, and resolves `until(n)` when there are n. */
export interface Inbox<T> {
  readonly items: readonly T[];
  readonly push: (item: T) => void;
  until(count: number): Promise<readonly T[]>;
}

function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  const waiting: { count: number; resolve: (items: readonly T[]) => void }[] = [];
  return {
    items,
    push(item) {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    until(count) {
      if (items.length >= count) return Promise.resolve(items);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}

export function openTestConnector(port: number, handlers: InboundHandlers, settings: SettingsInput = {}): Connector {
  const parsed = smppSettingsSchema.parse({
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
  return openSmppConnector(parsed, { clock: systemClock, random: systemRandom, log: silentLogger, handlers });
}

export function openTestSimulator(behaviour: BehaviourInput = {}, port = 0): Promise<SmscSimulator> {
  return openSmscSimulator({ port, clock: systemClock, random: systemRandom, behaviour });
}

export interface Pair extends AsyncDisposable {
  readonly simulator: SmscSimulator;
  readonly connector: Connector;
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
  await untilBound(connector);
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

/** There is a free slot for any segment, so a bind is up and has room. */
export async function untilBound(connector: Connector): Promise<void> {
  const free = Promise.withResolvers<void>();
  const look = (): void => {
    if (connector.freeSlots(false) > 0) free.resolve();
  };
  using _ = connector.onChange(look);
  look();
  await free.promise;
}

export function segment(more: Partial<OutboundSegment> = {}): OutboundSegment {
  return {
    messageId: "m",
    segment: 0,
    segments: 1,
    to: "+491701234567",
    from: "Shop",
    encoding: "gsm7",
    part: "Hello",
    concatReference: 1,
    urgent: false,
    ...more,
  };
}
