/** Every connector keeps what all of them promise. */
import { systemClock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { type ConnectorRig, describeConnector, type RigSettings } from "./connector.conformance.ts";
import type { InboundHandlers } from "./connector.ts";
import { openHttpRig } from "./http/testing/http-rig.ts";
import { openLoopbackConnector } from "./loopback/loopback-connector.ts";
import { loopbackSettingsSchema } from "./loopback/settings.ts";
import type { BehaviourInput } from "./simulator/behaviour.ts";
import { textOf } from "./simulator/submit-record.ts";
import { openTestConnector, openTestSimulator, testSettings } from "./smpp/testing/open-pair.ts";

const BEHAVIOURS = {
  accept: {},
  silent: { noAnswerShare: 1 },
  throttle: { refuse: [{ status: 0x58 }] },
  refuse_recipient: { refuse: [{ status: 0x0b }] },
} as const satisfies Record<string, BehaviourInput>;

describeConnector({
  name: "smpp",
  async open(settings, handlers) {
    const first = await openTestSimulator();
    const { port } = first;
    let simulator = first;
    const connector = openTestConnector(port, handlers, { ...settings });
    return {
      connector,
      behave: (how) => simulator.setBehaviour(BEHAVIOURS[how]),
      seen: () => simulator.submits.map((submit) => ({ to: submit.to, text: textOf(submit).text })),
      configure: (next) => connector.configure(testSettings(port, { ...next })),
      cut: () => void simulator.dropLinks(),
      goAway: () => simulator[Symbol.asyncDispose](),
      async comeBack() {
        simulator = await openTestSimulator({}, port);
      },
      reply: (reply) => void simulator.reply(reply),
      async [Symbol.asyncDispose]() {
        await connector[Symbol.asyncDispose]();
        await simulator[Symbol.asyncDispose]();
      },
    };
  },
});

describeConnector({ name: "http", open: openHttpRig });

const OUTCOMES = {
  accept: {},
  silent: { outcomes: [{ toSuffix: "", unanswered: true }] },
  throttle: { outcomes: [{ toSuffix: "", refused: "throttle" }] },
  refuse_recipient: { outcomes: [{ toSuffix: "", refused: "recipient" }] },
} as const;

describeConnector({
  name: "loopback",
  without: {
    cut: "it has no wire",
    away: "it is never away",
    replies: "no handset is there to answer",
    texts: "nothing comes out of it",
  },
  async open(settings: RigSettings, handlers: InboundHandlers): Promise<ConnectorRig> {
    const parse = (more: object) => loopbackSettingsSchema.parse({ type: "loopback", provider: "acme", ...more });
    let current = settings;
    const seen: { readonly to: string; readonly text: string }[] = [];
    const onReceipt: InboundHandlers["onReceipt"] = async (receipt) => {
      seen.push({ to: receipt.from, text: "" });
      await handlers.onReceipt(receipt);
    };
    const deps = { clock: systemClock, random: systemRandom, log: silentLogger, handlers: { ...handlers, onReceipt } };
    const connector = openLoopbackConnector(parse(settings), deps);
    return {
      connector,
      behave: (how) => connector.configure(parse({ ...current, ...OUTCOMES[how] })),
      seen: () => seen,
      configure(next) {
        current = next;
        connector.configure(parse({ ...next, ...OUTCOMES.silent }));
      },
      [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose](),
    };
  },
});
