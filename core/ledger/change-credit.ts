/**
 * What people do with the credit of accounts: paying in, lending, handing it on to an account below. One step on one
 * set, under an id that it is never done twice under; other sets get their part through the relay.
 */

import { setOfKey } from "#core/directory/keyed-set.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId, IdMint, SetId } from "#domain/ids.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import { type Micros, toMicrosText } from "#domain/money.ts";
import type { Random } from "#domain/random.ts";
import type { Charge } from "../store/charge.ts";
import { moneyKey, moneyKeyId } from "../store/effect-keys.ts";
import { type Step, type Store, StoreError } from "../store/store.ts";
import {
  balanceOver,
  type Holding,
  keptOf,
  lentTo,
  type ReadHoldings,
  readHoldings,
  spendableOver,
  spread,
} from "./allotments.ts";
import { findCredit, mergeCharges, planFetch, sendStep } from "./move-credit.ts";
import { createPurse } from "./purse.ts";

/** For money to come from other sets. */
const FETCH_MS_MAX = 10_000;
const FETCH_LOOK_MS = 200;

export interface CreditContext {
  /** Those in use that may be written. */
  readonly stores: readonly Store[];
  /** Those in use that may not, or that this process has no address of. */
  readonly closed: readonly SetId[];
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly random: Random;
}

/** `paid`: negative pays out. `lent`: by how much the limit changes. `transferred`: positive, to an account below. */
export type CreditChange = {
  readonly account: AccountId;
  readonly micros: Micros;
  readonly currency: string;
  readonly actor: string;
  readonly note?: string;
} & ({ readonly type: "paid" | "lent" } | { readonly type: "transferred"; readonly to: AccountId });

export type Changed =
  | { readonly type: "changed" | "repeated"; readonly set: SetId; readonly id: string }
  /** The account may spend no more than this, over all sets that answered; nothing was changed. */
  | { readonly type: "short"; readonly spendable: Micros; readonly isAll: boolean }
  /** Nothing was changed: what is missing on any one set has not come from the others in FETCH_MS_MAX. */
  | { readonly type: "late" }
  /** Nothing was changed. */
  | { readonly type: "unreachable"; readonly sets: readonly SetId[] }
  /** It may have been done: to be asked again under the same id. */
  | { readonly type: "unknown"; readonly set: SetId; readonly id: string };

/**
 * Does it once under its id. Without one, on any set, under a new id that names it. With one, only on the set of that
 * id: a first try whose outcome nobody knew may still come to be there, and runs into the second.
 */
export async function changeCredit(context: CreditContext, change: CreditChange, id?: string): Promise<Changed> {
  if (id !== undefined) return repeatChange(context, change, id);
  const { stores, random, mint } = context;
  const first = Math.floor(random.fraction() * stores.length);
  for (let i = 0; i < stores.length; i++) {
    const store = stores[(first + i) % stores.length];
    const result = store && (await changeOn(context, store, change, `${store.set}-${mint.unique()}`));
    if (result !== undefined) return result;
  }
  return { type: "unreachable", sets: stores.map(({ set }) => set) };
}

async function repeatChange(context: CreditContext, change: CreditChange, id: string): Promise<Changed> {
  const { stores, closed } = context;
  const sets = [...stores.map(({ set }) => set), ...closed];
  // Ids that people choose name no set: which one it is follows from the id and the sets that there are.
  const set = sets.find((one) => id.startsWith(`${one}-`)) ?? setOfKey(id, sets);
  const done = await findDone(stores, id);
  if (done !== undefined) return { type: "repeated", set: done.set, id };
  const own = stores.find((store) => store.set === set);
  const unreachable = { type: "unreachable", sets: set === undefined ? [] : [set] } as const;
  return own === undefined ? unreachable : ((await changeOn(context, own, change, id)) ?? unreachable);
}

/** It may be another than it would be now, where sets have come since. */
async function findDone(stores: readonly Store[], id: string): Promise<Store | undefined> {
  const key = moneyKeyId(id);
  const answers = await Promise.allSettled(stores.map((store) => store.findSendKeys([key])));
  return stores.find((_, i) => {
    const answer = answers[i];
    return answer?.status === "fulfilled" && answer.value.has(key);
  });
}

/** Undefined: nothing was changed there, as the set could not be reached. */
async function changeOn(
  context: CreditContext,
  store: Store,
  change: CreditChange,
  id: string,
): Promise<Changed | undefined> {
  const { clock } = context;
  const giveUpAt = clock.monotonic() + FETCH_MS_MAX;
  for (;;) {
    try {
      const step = await planChange(context, store, change, id);
      if ("type" in step) {
        if (step.type === "short") return step;
        if (clock.monotonic() > giveUpAt) return { type: "late" };
        await clock.sleep(FETCH_LOOK_MS);
        continue;
      }
      const result = await store.commit(step);
      switch (result.type) {
        case "committed":
          return { type: "changed", set: store.set, id };
        case "key_taken":
          return { type: "repeated", set: store.set, id };
        case "credit_short":
          break;
        case "unknown":
          return { type: "unknown", set: store.set, id };
        case "failed":
          return undefined;
        case "lease_lost":
          throw new RangeError("Cannot change credit as its step lost a lease, and it has none");
      }
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }
}

type Waiting = Extract<Changed, { readonly type: "short" }> | { readonly type: "fetching" };

/** The step; or what is missing for it, which is then on its way where other sets have it. */
async function planChange(
  context: CreditContext,
  store: Store,
  change: CreditChange,
  id: string,
): Promise<Step | Waiting> {
  const { account, micros } = change;
  const now = context.clock.now();
  const takes: bigint = change.type === "transferred" ? micros : -micros;
  const taken = takes > 0n ? await take(context, store, account, takes as Micros) : [];
  if ("type" in taken) return taken;
  const entry = toEntry(change, id, now);
  const given = takes > 0n ? (change.type === "transferred" ? spread(change.to, micros) : []) : [];
  const sent = takes > 0n ? { charges: [], entries: [], chunks: [] } : share(context, store, { account, micros, now });
  return {
    charges: mergeCharges([...taken, ...given, ...counted(change), ...sent.charges]),
    entries: [entry, ...sent.entries],
    chunks: sent.chunks,
    sendKeys: [moneyKey(id, now)],
  };
}

function counted({ type, account, micros }: CreditChange): readonly Charge[] {
  if (type !== "lent") return [];
  const size = micros < 0n ? -micros : micros;
  return [{ allotment: micros < 0n ? keptOf(account) : lentTo(account), micros: -size as Micros }];
}

function toEntry(change: CreditChange, id: string, at: number): LedgerEntry {
  const { account, micros, currency, actor, note } = change;
  const base = { id, at, account, micros: toMicrosText(micros), currency, actor, ...(note !== undefined && { note }) };
  return change.type === "transferred"
    ? { ...base, type: "transferred", to: change.to }
    : { ...base, type: change.type };
}

async function take(
  { stores, closed, clock, mint }: CreditContext,
  store: Store,
  account: AccountId,
  micros: Micros,
): Promise<readonly Charge[] | Waiting> {
  const others = stores.filter((other) => other !== store);
  const { own, totals, bySet } = await findCredit({ clock, own: store, others, closed }, [account]);
  const purse = createPurse(own.held, 0);
  if (purse.take([{ account, micros }]) === undefined) return purse.charges();
  const { micros: spendable, isAll } = totals.get(account) ?? { micros: 0n as Micros, isAll: true };
  if (spendable < micros) return { type: "short", spendable, isAll };
  const missing = new Map([[account, (micros - purse.left(account)) as Micros]]);
  const fetches = planFetch({ mint, now: clock.now() }, store.set, missing, bySet);
  await Promise.all([...fetches].map(([source, step]) => source.commit(step)));
  return { type: "fetching" };
}

/** An equal part for every set: what comes to the others is sent there in the same step. */
function share(
  { stores, mint }: CreditContext,
  store: Store,
  { account, micros, now }: { readonly account: AccountId; readonly micros: Micros; readonly now: number },
): Required<Pick<Step, "charges" | "entries" | "chunks">> {
  const part = (micros / BigInt(stores.length)) as Micros;
  const others = part === 0n ? [] : stores.filter((other) => other !== store);
  const steps = others.map(({ set }) =>
    sendStep({ mint, now }, { from: store.set, to: set, amounts: new Map([[account, part]]) }),
  );
  const own = (micros - part * BigInt(others.length)) as Micros;
  return {
    charges: [...spread(account, own), ...steps.flatMap(({ charges }) => charges)],
    entries: steps.flatMap(({ entries }) => entries),
    chunks: steps.flatMap(({ chunks }) => chunks),
  };
}

/** What an account has, over all sets that answer. */
export interface Credit {
  readonly balance: Micros;
  readonly spendable: Micros;
  /** What may be spent beyond the balance; negative: what is kept of it. */
  readonly limit: Micros;
  readonly onItsWay: Micros;
  readonly bySet: ReadonlyMap<SetId, Holding>;
  /** Sets in use that did not answer: what they hold is not counted. */
  readonly silent: readonly SetId[];
}

export async function readCredit(
  { stores, closed }: Pick<CreditContext, "stores" | "closed">,
  accounts: readonly AccountId[],
): Promise<ReadonlyMap<AccountId, Credit>> {
  const sets = [...stores.map(({ set }) => set), ...closed];
  const answers = await Promise.all(
    stores.map(async (store): Promise<readonly [SetId, ReadHoldings | undefined]> => {
      const others = sets.filter((set) => set !== store.set);
      return [store.set, await readHoldings(store, accounts, others).catch(() => undefined)];
    }),
  );
  const silent = [...answers.flatMap(([set, held]) => (held === undefined ? [set] : [])), ...closed];
  return new Map(
    accounts.map((account) => {
      const bySet = new Map(
        answers.flatMap(([set, held]) => {
          const holding = held?.holdings.get(account);
          return holding === undefined ? [] : [[set, holding] as const];
        }),
      );
      const all = [...bySet.values()];
      const sum = (of: (one: Holding) => bigint): Micros => all.reduce((total, one) => total + of(one), 0n) as Micros;
      const credit: Credit = {
        balance: balanceOver(all),
        spendable: spendableOver(all),
        limit: sum(({ lent, kept }) => lent - kept),
        onItsWay: sum(({ sent, landed }) => sent - landed),
        bySet,
        silent,
      };
      return [account, credit];
    }),
  );
}
