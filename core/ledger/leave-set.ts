/**
 * Money leaves a set that is to be retired: nobody asks there any more. What may be spent is sent to another set as any
 * money is; what is lent and kept is counted there instead, at the very end.
 */
import type { Clock } from "#domain/clock.ts";
import type { AccountId, IdMint } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { Allotment, AllotmentId, Charge } from "../store/charge.ts";
import { moneyKey } from "../store/effect-keys.ts";
import { type Step, type Store, StoreError } from "../store/store.ts";
import { accountOf, keptOf, lentTo, slotsOf } from "./allotments.ts";
import { sendStep } from "./move-credit.ts";

/** Slots of one step. */
const PAGE = 200;

interface Leaving {
  readonly from: Store;
  readonly to: Store;
  readonly clock: Clock;
  readonly mint: IdMint;
}

/** Returns from how many allotments something was sent. Throws StoreError. */
export async function sendCreditAway({ from, to, clock, mint }: Leaving): Promise<number> {
  let sent = 0;
  for await (const page of pagesOf(from, isSlot)) {
    const amounts = new Map<AccountId, Micros>();
    for (const { id, micros } of page) {
      amounts.set(accountOf(id), ((amounts.get(accountOf(id)) ?? 0n) + micros) as Micros);
    }
    const step = sendStep({ mint, now: clock.now() }, { from: from.set, to: to.set, amounts });
    const taken = page.map(({ id, micros }): Charge => ({ allotment: id, micros }));
    await commit(from, { ...step, charges: [...taken, ...step.charges] });
    sent += page.length;
  }
  return sent;
}

/** Once, however often it is asked. Throws StoreError. */
export async function countLentElsewhere({ from, to, clock }: Leaving): Promise<void> {
  const names = new Set([lentTo, keptOf].map((name) => partOf(name("" as AccountId))));
  for await (const page of pagesOf(from, (id) => names.has(partOf(id)))) {
    for (const { id, micros } of page) {
      const charges = [{ allotment: id, micros: -micros as Micros }];
      await commit(to, { charges, sendKeys: [moneyKey(`retire ${from.set} ${id}`, clock.now())] });
    }
  }
}

function partOf(id: AllotmentId): string {
  return id.slice(id.lastIndexOf("|"));
}
function isSlot(id: AllotmentId): boolean {
  return slotsOf(accountOf(id)).includes(id);
}

async function* pagesOf(store: Store, isWanted: (id: AllotmentId) => boolean): AsyncGenerator<readonly Allotment[]> {
  let after: AllotmentId | undefined;
  for (;;) {
    const page = await store.allotments({ ...(after !== undefined && { after }), max: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
    const wanted = page.filter(({ id }) => isWanted(id));
    if (wanted.length > 0) yield wanted;
  }
}

async function commit(store: Store, step: Step): Promise<void> {
  const result = await store.commit(step);
  if (result.type === "committed" || result.type === "key_taken") return;
  if (result.type === "failed" || result.type === "unknown") throw result.error;
  const others = `others still move money of ${store.set}`;
  throw new StoreError("store_refused", `Cannot move money as ${others}: try again`, { retryable: true });
}
