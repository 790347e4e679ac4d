/** The business of a run: a few accounts with numbers and prices, one provider, two sets in two regions. */
import type { DirectoryInput } from "#core/directory/records.ts";
import type { Sender } from "#domain/e164.ts";
import type { AccountId, ProviderId, SetId } from "#domain/ids.ts";
import type { MicrosText } from "#domain/money.ts";

export interface SimAccount {
  readonly id: AccountId;
  readonly number: Sender;
  readonly homeRegion?: string;
  readonly inDoubt: "resend" | "keep";
  readonly priceMicros: MicrosText;
  /** Whose customer it is. */
  readonly parent?: AccountId;
  /** It sends for no more than its credit. */
  readonly isLimited?: boolean;
  /** When its price is given back. */
  readonly refund?: "refused" | "undelivered";
}

const account = (id: string, number: string, inDoubt: SimAccount["inDoubt"], priceMicros: string): SimAccount => ({
  id: id as AccountId,
  number: number as Sender,
  inDoubt,
  priceMicros: priceMicros as MicrosText,
});

const guild = "guild" as AccountId;

export const accounts: readonly SimAccount[] = [
  account("acme", "+61480000001", "resend", "45000"),
  { ...account("borg", "+61480000002", "keep", "39000"), parent: guild, isLimited: true, refund: "undelivered" },
  { ...account("cargo", "+61480000003", "resend", "52000"), homeRegion: "fra", isLimited: true, refund: "refused" },
];

/** It sends nothing itself, and pays for what its customer sends. */
const reseller: Pick<SimAccount, "id" | "priceMicros" | "isLimited" | "inDoubt" | "parent" | "homeRegion" | "refund"> =
  {
    ...{ id: guild, inDoubt: "resend", isLimited: true, refund: "refused" },
    priceMicros: "31000" as MicrosText,
  };
/** All that pay. */
export const payers = [...accounts, reseller];

export const provider = "sim" as ProviderId;

export const setRegions: ReadonlyMap<SetId, string> = new Map([
  ["syd1" as SetId, "syd"],
  ["fra1" as SetId, "fra"],
]);

export function simDirectory(): DirectoryInput {
  return {
    accounts: payers.map(({ id, homeRegion, inDoubt, parent, isLimited }) => ({
      id,
      name: id,
      currency: "EUR",
      inDoubt,
      keys: [],
      priceList: id,
      ...(parent !== undefined && { parent }),
      ...(isLimited && { credit: "limited" }),
      ...(homeRegion !== undefined && { homeRegion }),
    })),
    priceLists: payers.map(({ id, priceMicros, refund }) => ({
      id,
      currency: "EUR",
      rates: [{ prefix: "+", priceMicros, ...(refund !== undefined && { refund }) }],
    })),
    routes: [{ prefix: "+", provider }],
    numbers: accounts.map(({ id, number }) => ({ number, account: id })),
  };
}
