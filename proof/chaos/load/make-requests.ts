/** The requests of a run: accounts, classes, lengths, numbers of recipients and keys mixed by a seed. Pure. */
import type { MessageClass } from "#domain/lane.ts";
import type { Random } from "#domain/random.ts";
import { pick } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import type { ChaosAccount } from "../stack/chaos-accounts.ts";
import type { SendRequest } from "./customer.ts";

/** Of the accounts' own numbers and a name, in equal shares. */
const NAME = "Godwit";
const CLASSES: readonly MessageClass[] = ["bulk", "bulk", "bulk", "transactional", "transactional", "alert"];
const KEYED_SHARE = 0.5;

/** One segment, or two to three, in GSM-7 and in UCS-2. Each holds the canary word, and its number is its own. */
const TEXTS: readonly ((canary: string, n: number) => string)[] = [
  (canary, n) => `${canary} code ${n}`,
  (canary, n) => `${canary} order ${n}: ${"parcel on its way, ".repeat(11)}[${n}] {~}`,
  (canary, n) => `${canary} привет ${n}`,
  (canary, n) => `${canary} ${n} 🐦 ${"Küstenschnepfe 🛫 ".repeat(9)}`,
  (canary, n) => `${canary} price €${n} for "tea"`,
];

/** Every recipient number is used once in a run, so that a message is known by it at the provider. */
export function createRequests(accounts: readonly ChaosAccount[], random: Random) {
  let requests = 0;
  let recipients = 0;

  function number(): string {
    recipients++;
    return `+6141${recipients.toString().padStart(7, "0")}`;
  }

  function recipientCount(): number {
    const share = random.fraction();
    if (share < 0.8) return 1;
    return share < 0.95 ? between(random, 2, 5) : between(random, 10, 20);
  }

  return {
    next(options: { readonly keyed: boolean }): SendRequest {
      requests++;
      const account = pick(accounts, random);
      if (account === undefined) throw new Error("Cannot make requests without accounts");
      const text = pick(TEXTS, random)?.(account.canary, requests) ?? account.canary;
      const isKeyed = random.fraction() < KEYED_SHARE && options.keyed;
      return {
        account,
        key: isKeyed ? `k-${requests}` : null,
        class: pick(CLASSES, random) ?? "bulk",
        from: pick([...account.numbers, NAME], random) ?? NAME,
        to: Array.from({ length: recipientCount() }, number),
        text,
      };
    },
  };
}
