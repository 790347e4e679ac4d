/** What a step takes from and gives to the money on its set. */
import type { AccountId, Brand } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";

export type AllotmentId = Brand<string, "AllotmentId">;
/** A part of an account's money on this set, by its slot or its name; see core/ledger/allotments.ts. */
export function allotmentId(account: AccountId, part: number | string): AllotmentId {
  return `${account}|${part}` as AllotmentId;
}

export interface Charge {
  readonly allotment: AllotmentId;
  /** Positive: taken, never below zero. Negative: given, to a new allotment if need be. */
  readonly micros: Micros;
}

export interface Allotment {
  readonly id: AllotmentId;
  readonly micros: Micros;
}
