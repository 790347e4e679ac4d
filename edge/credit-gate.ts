/**
 * Refuses at once what certainly cannot be paid for, so that a customer without credit learns of it by the answer. It
 * goes by what all sets said a moment ago, asks them beside the requests, and lets pass whatever it is not sure of:
 * the worker decides.
 */
import type { Directory } from "#core/directory/directory.ts";
import type { LiveDirectory } from "#core/directory/open-directory.ts";
import { isInUse } from "#core/directory/set-states.ts";
import { readHoldings, spendableOver } from "#core/ledger/allotments.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId } from "#domain/ids.ts";
import { multiplyMicros, toMicros } from "#domain/money.ts";
import type { Submission } from "./plan-step.ts";

/** What is older is asked for again, when somebody sends. */
const ASK_AGAIN_MS = 1_000;
/** What is older says nothing: money may have come since. */
const SURE_MS = 3_000;
/** Accounts asked about at once, and known. */
const ACCOUNTS_MAX = 1_000;

export interface CreditGate {
  /** False: the account, or one above it, has not even what one message costs. Never waits. */
  mayPay(submission: Submission, directory: Directory): boolean;
}

export function createCreditGate(deps: {
  readonly stores: readonly Store[];
  readonly directory: Pick<LiveDirectory, "stateOf" | "unknownSets">;
  readonly clock: Clock;
}): CreditGate {
  const { stores, directory, clock } = deps;
  /** Only what is known of all sets. `at` is of the question, by the monotonic clock. */
  const known = new Map<AccountId, { readonly micros: bigint; readonly at: number }>();
  const wanted = new Set<AccountId>();
  let asking = false;

  async function ask(): Promise<void> {
    asking = true;
    try {
      while (wanted.size > 0) {
        const accounts = [...wanted];
        wanted.clear();
        await askAbout(accounts);
      }
    } finally {
      asking = false;
    }
  }

  async function askAbout(accounts: readonly AccountId[]): Promise<void> {
    const at = clock.monotonic();
    if (known.size + accounts.length > ACCOUNTS_MAX) known.clear();
    for (const account of accounts) known.delete(account);
    const used = stores.filter(({ set }) => isInUse(directory.stateOf(set)));
    const sets = used.map(({ set }) => set);
    const answers = await Promise.allSettled(
      used.map((store) =>
        readHoldings(
          store,
          accounts,
          sets.filter((set) => set !== store.set),
        ),
      ),
    );
    const read = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (read.length < used.length || directory.unknownSets().length > 0) return;
    for (const account of accounts) {
      const holdings = read.flatMap(({ holdings }) => holdings.get(account) ?? []);
      known.set(account, { micros: spendableOver(holdings), at });
    }
  }

  function lacks(account: AccountId, micros: bigint): boolean {
    const total = known.get(account);
    const ageMs = total === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - total.at;
    if (ageMs > ASK_AGAIN_MS && wanted.size < ACCOUNTS_MAX) wanted.add(account);
    return total !== undefined && ageMs <= SURE_MS && total.micros < micros;
  }

  return {
    mayPay({ account, to, from, class: messageClass, segments }, current) {
      const payers = current.chain(account).filter(({ credit }) => credit === "limited");
      const isLacking = payers.map((payer) => {
        const prices = to.map((number) =>
          current.price(payer.id, { to: number, from, class: messageClass }, clock.now()),
        );
        // The cheapest may be paid for where the others are not; what has no price is refused for that.
        const least = prices.reduce<bigint | undefined>((lowest, price) => {
          const micros = price && multiplyMicros(toMicros(price.priceMicros), segments);
          return micros === undefined || (lowest !== undefined && lowest <= micros) ? lowest : micros;
        }, undefined);
        return least !== undefined && lacks(payer.id, least);
      });
      if (wanted.size > 0 && !asking) void ask();
      return !isLacking.some(Boolean);
    },
  };
}
