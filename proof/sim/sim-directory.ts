/** The business of a run: a few accounts with numbers and prices, one provider, two sets in two regions. */
import type { DirectoryInput } from "#core/directory/directory.ts";
import type { Sender } from "#domain/e164.ts";
import type { AccountId, ProviderId, SetId } from "#domain/ids.ts";
import type { MicrosText } from "#domain/money.ts";

export interface SimAccount {
  readonly id: AccountId;
  readonly number: Sender;
  readonly homeRegion?: string;
  readonly inDoubt: "resend" | "keep";
  readonly priceMicros: MicrosText;
}

const account = (id: string, number: string, inDoubt: SimAccount["inDoubt"], priceMicros: string): SimAccount => ({
  id: id as AccountId,
  number: number as Sender,
  inDoubt,
  priceMicros: priceMicros as MicrosText,
});

export const accounts: readonly SimAccount[] = [
  account("acme", "+61480000001", "resend", "45000"),
  account("borg", "+61480000002", "keep", "39000"),
  { ...account("cargo", "+61480000003", "resend", "52000"), homeRegion: "fra" },
];

export const provider = "sim" as ProviderId;

export const setRegions: ReadonlyMap<SetId, string> = new Map([
  ["syd1" as SetId, "syd"],
  ["fra1" as SetId, "fra"],
]);

export function simDirectory(): DirectoryInput {
  return {
    accounts: accounts.map(({ id, homeRegion, inDoubt }) => ({
      id,
      name: id,
      currency: "EUR",
      inDoubt,
      keys: [],
      priceList: id,
      ...(homeRegion !== undefined && { homeRegion }),
    })),
    priceLists: accounts.map(({ id, priceMicros }) => ({
      id,
      currency: "EUR",
      rates: [{ prefix: "+", priceMicros }],
    })),
    routes: [{ prefix: "+", provider }],
    numbers: accounts.map(({ id, number }) => ({ number, account: id })),
  };
}
