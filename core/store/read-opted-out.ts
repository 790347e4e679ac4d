/** One question about the recipients of many items: worker and connector ask it, each at its own moment. */
import type { E164 } from "#domain/e164.ts";
import type { AccountId } from "#domain/ids.ts";
import { type OptOutKey, optOutKey, type Store } from "./store.ts";

/** Which of the pairs of account and recipient have opted out. Throws StoreError. */
export async function readOptedOut(
  store: Pick<Store, "optedOut">,
  items: readonly { readonly account: AccountId; readonly to: E164 }[],
): Promise<ReadonlySet<OptOutKey>> {
  const keys = new Set(items.map(({ account, to }) => optOutKey(account, to)));
  return keys.size === 0 ? keys : store.optedOut([...keys]);
}
