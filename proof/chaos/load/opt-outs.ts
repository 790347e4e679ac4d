/**
 * Handsets that say STOP and START: a message goes to one, it answers STOP, and once every set holds that, a message to
 * it must not be submitted; after START it must be. Each text holds a token of its own.
 */
import { optOutKey, type Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import { e164Schema } from "#domain/e164.ts";
import { accountIdSchema } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { pick } from "#domain/random.ts";
import type { ChaosAccount } from "../stack/chaos-accounts.ts";
import type { Customer, SendAnswer } from "./customer.ts";

/** The message that is answered has to be known by then. */
const BEFORE_STOP_MS = 3_000;
/** A reply waits 30 s for a set that is away. */
const SEEN_MS_MAX = 90_000;
const LOOK_EVERY_MS = 250;
const SENDS_WHILE_OUT = 3;

export interface OptOuts {
  /** One handset's story, from its first message to the one after START. */
  play(customer: Customer, account: ChaosAccount): Promise<void>;
}

export function createOptOuts(deps: {
  readonly stores: readonly Store[];
  readonly simulatorUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: SendAnswer, account: ChaosAccount) => void;
}): OptOuts {
  const { clock, signal } = deps;
  let handsets = 0;

  /** True once every set says so; false when that was not seen in time. */
  async function untilHeld(account: ChaosAccount, handset: string, out: boolean): Promise<boolean> {
    const key = optOutKey(accountIdSchema.parse(account.id), e164Schema.parse(handset));
    const limit = clock.monotonic() + SEEN_MS_MAX;
    while (clock.monotonic() < limit) {
      const answers = await Promise.allSettled(deps.stores.map((store) => store.optedOut([key])));
      const held = answers.every((answer) => answer.status === "fulfilled" && answer.value.has(key) === out);
      if (held) return true;
      await clock.sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  async function say(customer: Customer, talk: Talk, word: "STOP" | "START"): Promise<boolean> {
    const { account, number, handset } = talk;
    const end = customer.begin({ f: "opt_out", account: account.id, number, handset, word });
    const body = JSON.stringify({ from: handset, to: number, text: word });
    const sent = await fetch(`${deps.simulatorUrl}/replies`, { method: "POST", body, keepalive: false }).then(
      ({ ok }) => ok,
      () => false,
    );
    const seen = sent && (await untilHeld(account, handset, word === "STOP"));
    end({ type: seen ? "ok" : "info", f: "opt_out" });
    return seen;
  }

  async function send(customer: Customer, { account, number, handset }: Talk, part: string): Promise<void> {
    const text = `${account.canary} opt ${handset.slice(-7)}-${part}`;
    const request = { account, key: null, class: "transactional", from: number, to: [handset], text } as const;
    deps.onAnswer(await customer.send(request), account);
  }

  return {
    async play(customer, account) {
      handsets++;
      const handset = `+6142${handsets.toString().padStart(7, "0")}`;
      const talk: Talk = { account, number: pick(account.numbers, deps.random) ?? "", handset };
      await send(customer, talk, "a");
      await clock.sleep(BEFORE_STOP_MS, signal);
      if (signal.aborted || !(await say(customer, talk, "STOP"))) return;
      for (let i = 0; i < SENDS_WHILE_OUT && !signal.aborted; i++) {
        await send(customer, talk, `b${i}`);
        await clock.sleep(LOOK_EVERY_MS, signal);
      }
      if (signal.aborted || !(await say(customer, talk, "START"))) return;
      await send(customer, talk, "c");
    },
  };
}

interface Talk {
  readonly account: ChaosAccount;
  readonly number: string;
  readonly handset: string;
}
