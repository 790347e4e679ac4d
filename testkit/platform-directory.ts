/** The business of a platform that was just set up: one account that may send anywhere through the simulator. */
import { hashSecret, parseApiKey } from "#core/directory/api-key.ts";
import { copyDirectory, latestOf, readHeads } from "#core/directory/directory-log.ts";
import { loadDirectory } from "#core/directory/read-directory.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import { nameSets } from "#core/directory/set-states.ts";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import { writeDirectory } from "#core/directory/write-directory.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "./until.ts";

export const DEMO_ACCOUNT = "demo";
/** The provider that the simulator plays. */
export const DEMO_PROVIDER = "sim";
const DEMO_PRICE_LIST = "retail";
/** Numbers that Australia keeps free for fiction, so that no demonstration ever reaches a person. */
export const DEMO_NUMBERS = ["+61491570156", "+61491570157"] as const;

/** What the demo account binds with at our SMPP edge. */
export const DEMO_SYSTEM_ID = "demo";

/** Sets that were just started may take a while to answer. */
const WRITTEN_MS_MAX = 30_000;

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
 * Sees to it that the directory says `business`, by a change only if it says anything else. What the sets are used for
 * stays as it is; one that was not named before is named, as up. Resolves when every set holds it.
 */
export async function ensureDirectory(stores: readonly Store[], business: DirectoryInput): Promise<void> {
  const deps = { stores, clock: systemClock, random: systemRandom, actor: "godwit up" };
  const before = latestOf(await readHeads(stores, systemClock));
  const newest = stores.find(({ set }) => set === before?.set);
  const held = newest === undefined ? { sets: [], keyLists: [] } : await loadDirectory(newest);
  const { sets, keyLists } = nameSets(held, stores);
  await until("the directory to be written", WRITTEN_MS_MAX, async () => {
    const { type } = await writeDirectory(deps, { ...business, sets, keyLists });
    return type === "changed" || type === "nothing" || undefined;
  });
  const latest = latestOf(await readHeads(stores, systemClock));
  const from = stores.find(({ set }) => set === latest?.set);
  if (from === undefined || latest === undefined) throw new Error("No set has the directory that was just written");
  for (const store of stores) {
    const { isEqual } = await copyDirectory(from, store, latest.promised);
    if (!isEqual) throw new Error(`${store.set} did not take the directory`);
  }
}
