/** What is paid in for the limited accounts of a run: enough for all that they send, or for some of it. */
import type { AccountId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import { between, chance } from "../seeded-random.ts";
import type { PaidRecord } from "./history.ts";
import { payers } from "./sim-directory.ts";

const TIGHT_SHARE = 0.35;
const SEGMENTS_ENOUGH = 10_000;

export function planPayments(random: Random): ReadonlyMap<AccountId, PaidRecord> {
  const limited = payers.filter(({ isLimited }) => isLimited);
  return new Map(
    limited.map(({ id, priceMicros }) => {
      const isTight = chance(random, TIGHT_SHARE);
      const segments = isTight ? between(random, 1, 12) : SEGMENTS_ENOUGH;
      return [id, { isTight, micros: BigInt(priceMicros) * BigInt(segments) + BigInt(between(random, 0, 999)) }];
    }),
  );
}

/** Whose messages may wait for credit, or be refused for the lack of it. */
export function shortAccounts(paid: ReadonlyMap<AccountId, PaidRecord>): ReadonlySet<AccountId> {
  const isTight = (id: AccountId | undefined): boolean => id !== undefined && paid.get(id)?.isTight === true;
  return new Set(payers.flatMap(({ id, parent }) => (isTight(id) || isTight(parent) ? [id] : [])));
}
