/** The customers of a chaos run: two accounts, each with numbers of its own and a word that only its texts hold. */
import { createApiKey, parseApiKey } from "#core/directory/api-key.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import type { AccountId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import { DEMO_ACCOUNT, DEMO_NUMBERS, demoDirectory } from "#testkit/platform-directory.ts";

export interface ChaosAccount {
  readonly id: string;
  readonly apiKey: string;
  /** People can answer on them. */
  readonly numbers: readonly string[];
  /** In every text of this account and of no other: a leak is seen by it (invariant I10). */
  readonly canary: string;
}

const SECOND_ACCOUNT = "second";
/** Of those that Australia keeps free for fiction. */
const SECOND_NUMBERS = ["+61491570158", "+61491570159"] as const;

/** Second's own, which pays a third less for the same, and is given back less of it. */
const RESELLER = "reseller";
const WHOLESALE = "wholesale";
/** Who is held to their credit; it is enough for any run. */
export const PAID_ACCOUNTS = [SECOND_ACCOUNT, RESELLER] as AccountId[];
export const PAID_MICROS = 1_000_000_000_000n as Micros;

type PriceListInput = NonNullable<DirectoryInput["priceLists"]>[number];
function refundable(list: PriceListInput): PriceListInput {
  return { ...list, rates: list.rates.map((rate) => ({ ...rate, refund: "undelivered" })) };
}
function cheaper(list: PriceListInput): PriceListInput {
  const price = (micros: string): string => `${(BigInt(micros) * 2n) / 3n}`;
  const rates = list.rates.map((rate) => ({
    ...{ ...rate, priceMicros: price(rate.priceMicros), refund: "refused" as const },
  }));
  return { ...list, id: WHOLESALE, rates };
}

/** The accounts, the first with the platform's own key, and the directory that knows both. */
export async function chaosAccounts(apiKey: string): Promise<{
  readonly accounts: readonly ChaosAccount[];
  readonly directory: DirectoryInput;
}> {
  const demo = await demoDirectory(apiKey);
  const key = await createApiKey(SECOND_ACCOUNT, systemRandom);
  const [first] = demo.accounts;
  if (first === undefined || parseApiKey(apiKey) === undefined) throw new Error("The demo directory has no account");
  const keys = [{ id: key.id, secretSha256: key.secretSha256 }];
  const limited = { ...first, credit: "limited" } as const;
  const second = { ...limited, id: SECOND_ACCOUNT, name: "Second", keys, parent: RESELLER };
  const reseller = { ...limited, id: RESELLER, name: "Reseller", keys: [], priceList: WHOLESALE };
  return {
    accounts: [
      { id: DEMO_ACCOUNT, apiKey, numbers: DEMO_NUMBERS, canary: "kingfisherlagoon" },
      { id: SECOND_ACCOUNT, apiKey: key.text, numbers: SECOND_NUMBERS, canary: "waterthrushcanyon" },
    ],
    directory: {
      ...demo,
      accounts: [...demo.accounts, reseller, second],
      priceLists: (demo.priceLists ?? []).flatMap((list) => [refundable(list), cheaper(list)]),
      numbers: [...demo.numbers, ...SECOND_NUMBERS.map((number) => ({ number, account: SECOND_ACCOUNT }))],
    },
  };
}
