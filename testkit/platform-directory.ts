/** The business of a platform that was just set up: one account that may send anywhere through the simulator. */
import { hashSecret, parseApiKey } from "#core/directory/api-key.ts";
import { type DirectoryInput, directorySchema, withSets } from "#core/directory/directory.ts";
import { writeDirectory } from "#core/directory/open-directory.ts";
import { nameSets } from "#core/directory/set-states.ts";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import type { Store } from "#core/store/store.ts";

export const DEMO_ACCOUNT = "demo";
/** The provider that the simulator plays. */
export const DEMO_PROVIDER = "sim";
const DEMO_PRICE_LIST = "retail";
/** Numbers that Australia keeps free for fiction, so that no demonstration ever reaches a person. */
export const DEMO_NUMBERS = ["+61491570156", "+61491570157"] as const;

/** What the demo account binds with at our SMPP edge. */
export const DEMO_SYSTEM_ID = "demo";

/** The directory of the demo account with this key. With a password it may bind at the SMPP edge. */
export async function demoDirectory(apiKey: string, smppPassword?: string): Promise<DirectoryInput> {
  const key = parseApiKey(apiKey);
  if (key === undefined) throw new Error("Cannot make the directory as the stored API key has not the form of one");
  return {
    accounts: [
      {
        id: DEMO_ACCOUNT,
        name: "Demo",
        currency: "AUD",
        inDoubt: "resend",
        keys: [{ id: key.id, secretSha256: await hashSecret(key.secret) }],
        priceList: DEMO_PRICE_LIST,
        ...(smppPassword !== undefined && { smpp: await demoSmpp(smppPassword) }),
      },
    ],
    priceLists: [
      {
        id: DEMO_PRICE_LIST,
        currency: "AUD",
        rates: [
          { prefix: "+", priceMicros: "90000" },
          { prefix: "+1", priceMicros: "12000" },
          { prefix: "+44", priceMicros: "48000" },
          { prefix: "+61", priceMicros: "45000" },
          { prefix: "+64", priceMicros: "75000" },
        ],
      },
    ],
    routes: [
      { prefix: "+", provider: DEMO_PROVIDER },
      { prefix: "+61", provider: DEMO_PROVIDER },
    ],
    numbers: DEMO_NUMBERS.map((number) => ({ number, account: DEMO_ACCOUNT })),
  };
}

async function demoSmpp(password: string) {
  return {
    systemId: DEMO_SYSTEM_ID,
    passwordSha256: await hashSmppPassword(DEMO_SYSTEM_ID, password),
    submitsPerSecond: 1_000,
    onceByReference: true,
  };
}

/**
 * Sees to it that every set holds `business`, under a new version only if some set holds anything else. What the sets
 * are used for stays as it is; one that was not named before is named, as up.
 */
export async function ensureDirectory(stores: readonly Store[], business: DirectoryInput): Promise<void> {
  const copies = await Promise.all(stores.map((store) => store.directory.read()));
  const newest = copies.reduce((highest, copy) => Math.max(highest, copy?.version ?? 0), 0);
  const held = directorySchema.safeParse(copies.find((copy) => copy?.version === newest)?.body).data;
  const input = withSets(business, nameSets(held ?? { sets: [], keyLists: [] }, stores));
  const wanted = JSON.stringify(input);
  directorySchema.parse(input);
  const holds = copies.map((copy) => copy?.version === newest && JSON.stringify(copy.body) === wanted);
  if (holds.every(Boolean)) return;
  const version = holds.some(Boolean) ? newest : newest + 1;
  const taken = await writeDirectory(stores, version, input);
  if (taken < stores.length) throw new Error(`Only ${taken} of ${stores.length} sets took the directory`);
}
