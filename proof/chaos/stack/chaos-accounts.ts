/** The customers of a chaos run: two accounts, each with numbers of its own and a word that only its texts hold. */
import { createApiKey, parseApiKey } from "#core/directory/api-key.ts";
import type { DirectoryInput } from "#core/directory/directory.ts";
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
  const second = { ...first, id: SECOND_ACCOUNT, name: "Second", keys };
  return {
    accounts: [
      { id: DEMO_ACCOUNT, apiKey, numbers: DEMO_NUMBERS, canary: "kingfisherlagoon" },
      { id: SECOND_ACCOUNT, apiKey: key.text, numbers: SECOND_NUMBERS, canary: "waterthrushcanyon" },
    ],
    directory: {
      ...demo,
      accounts: [...demo.accounts, second],
      numbers: [...demo.numbers, ...SECOND_NUMBERS.map((number) => ({ number, account: SECOND_ACCOUNT }))],
    },
  };
}
