/**
 * The money of a restored set is that of its backup: what the lost batches took and gave is taken and given again, each
 * batch once, however often this is run. What was paid since, and never read by PostgreSQL, nobody knows of.
 */
import { keptOf, landedFrom, lentTo, sentTo, slotsOf, spread } from "#core/ledger/allotments.ts";
import { mergeCharges } from "#core/ledger/move-credit.ts";
import { createPurse } from "#core/ledger/purse.ts";
import type { AllotmentId, Charge } from "#core/store/charge.ts";
import { moneyKey } from "#core/store/effect-keys.ts";
import type { EventBatch, SendKey, Store } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import { type Micros, type MicrosText, toMicros } from "#domain/money.ts";

/** Batches of one step. */
const PAGE = 200;

/** By account, what should have been taken and is not there. Throws StoreError, or Error: run it again then. */
export async function putMoneyBack(
  store: Store,
  batches: readonly EventBatch[],
  now: number,
): Promise<ReadonlyMap<AccountId, Micros>> {
  const owed = new Map<AccountId, Micros>();
  const moving = batches.filter((batch) => effectsOf(batch).length > 0).toSorted((a, b) => a.at - b.at);
  for (let i = 0; i < moving.length; i += PAGE) {
    for (const [account, micros] of await putPageBack(store, moving.slice(i, i + PAGE), now)) {
      owed.set(account, ((owed.get(account) ?? 0n) + micros) as Micros);
    }
  }
  return owed;
}

async function putPageBack(
  store: Store,
  page: readonly EventBatch[],
  now: number,
): Promise<ReadonlyMap<AccountId, Micros>> {
  if (page.length === 0) return new Map();
  const effects = page.flatMap(effectsOf);
  const deltas = new Map<AccountId, bigint>();
  for (const { account, micros } of effects) deltas.set(account, (deltas.get(account) ?? 0n) + micros);
  const held = await store.balances([...deltas.keys()].flatMap(slotsOf));
  const owed = new Map<AccountId, Micros>();
  const purse = createPurse(held, 0);
  const given = [...deltas].flatMap(([account, delta]): readonly Charge[] => {
    if (delta >= 0n) return spread(account, delta as Micros);
    const there = purse.left(account);
    const short = -delta - there;
    if (short > 0n) owed.set(account, short as Micros);
    purse.take([{ account, micros: (short > 0n ? there : -delta) as Micros }]);
    return [];
  });
  const counted = effects.flatMap(({ counter }) => counter ?? []);
  const charges = mergeCharges([...purse.charges(), ...given, ...counted]);
  const result = await store.commit({ charges, sendKeys: page.flatMap((batch) => keysOf(batch, now)) });
  switch (result.type) {
    case "committed":
      return owed;
    case "key_taken": {
      // An earlier run has done these.
      const isDone = (batch: EventBatch): boolean => keysOf(batch, now).some(({ id }) => result.taken.has(id));
      return putPageBack(
        store,
        page.filter((batch) => !isDone(batch)),
        now,
      );
    }
    default:
      throw new Error(`Cannot put the money of ${store.set} back: ${result.type}. Run it again.`);
  }
}

/** That of the batch; and of what people asked for in it, as they may ask again. */
function keysOf({ writer, sequence, entries = [] }: EventBatch, now: number): readonly SendKey[] {
  const asked = entries.filter(({ type }) => type === "paid" || type === "lent" || type === "transferred");
  const landed = entries.filter(({ type }) => type === "landed");
  const ids = [...asked.map(({ id }) => id), ...landed.map(({ id }) => `landed ${id}`)];
  return [`back ${writer}:${sequence}`, ...new Set(ids)].map((id) => moneyKey(id, now));
}

interface Effect {
  readonly account: AccountId;
  /** What may be spent becomes so much more. */
  readonly micros: bigint;
  readonly counter?: Charge;
}

function effectsOf({ events, entries = [] }: EventBatch): readonly Effect[] {
  return [...events.flatMap(effectsOfEvent), ...entries.flatMap(effectsOfEntry)];
}

function effectsOfEvent(event: MessageEvent): readonly Effect[] {
  if (event.type === "billed") {
    return [event, ...(event.above ?? [])].flatMap(({ account, totalMicros, charged }) =>
      charged ? [{ account, micros: -toMicros(totalMicros) }] : [],
    );
  }
  if (event.type !== "refunded") return [];
  return event.levels.flatMap(({ account, micros, charged }) =>
    charged ? [{ account, micros: toMicros(micros) }] : [],
  );
}

function effectsOfEntry(entry: LedgerEntry): readonly Effect[] {
  const { account } = entry;
  const micros = toMicros(entry.micros);
  switch (entry.type) {
    case "paid":
      return [{ account, micros }];
    case "lent":
      return [{ account, micros, counter: more(micros < 0n ? keptOf(account) : lentTo(account), entry.micros) }];
    case "transferred":
      return [
        { account, micros: -micros },
        { account: entry.to, micros },
      ];
    case "sent":
      return [{ account, micros: -micros, counter: more(sentTo(account, entry.toSet), entry.micros) }];
    case "landed":
      return [{ account, micros, counter: more(landedFrom(account, entry.fromSet), entry.micros) }];
  }
}

/** Counters only grow. */
function more(allotment: AllotmentId, text: MicrosText): Charge {
  const micros = toMicros(text);
  return { allotment, micros: (micros < 0n ? micros : -micros) as Micros };
}
