/** When a set may be retired, by what its Idempotency-Keys need (I11): sets in memory, a clock that stands. */
import { beforeEach, expect, test } from "bun:test";
import { loadDirectory } from "#core/directory/read-directory.ts";
import { LIST_COUNTS_MS, stateOfSet } from "#core/directory/set-states.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { changeCredit, readCredit } from "#core/ledger/change-credit.ts";
import { countLentElsewhere } from "#core/ledger/leave-set.ts";
import { createManualClock, type ManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { processRelay } from "#core/worker/process-relay.ts";
import { claim, setup } from "#core/worker/testing/bench.ts";
import { type AccountId, createIdMint, type SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import type { Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import { changeState, moveHome, type SetsContext } from "./sets-actions.ts";
import { retire } from "./sets-retire.ts";

const [old, other] = ["syd1", "syd2"] as [SetId, SetId];
/** PostgreSQL has read all, and nothing is open. */
const reports = { run: async () => ({ rows: [], count: 0 }) };

let clock: ManualClock;
let context: SetsContext;
beforeEach(async () => {
  clock = createManualClock();
  clock.advance(Date.UTC(2026, 2, 1, 10));
  const deps = { clock, random: systemRandom };
  const stores = [old, other].map((set) => createMemoryStore({ set, region: "syd", ...deps }));
  await putDirectory(stores, { accounts: [], routes: [], numbers: [] });
  context = { stores, clock, mint: createIdMint(deps), owner: "test", actor: "test", say: () => {} };
});

const tryRetire = (set: SetId, forgetKeys = false) => retire(context, { reports, set, forgetKeys });
async function stateOf(set: SetId) {
  const [, home] = context.stores;
  return home && stateOfSet(await loadDirectory(home), set);
}

test("a set is retired only when nobody can repeat a keyed request that it took", async () => {
  await changeState(context, old, "drain");
  await expect(tryRetire(old)).rejects.toThrow("the home of the directory: 'godwit sets home' another set first");
  await moveHome(context, other);
  await expect(tryRetire(old)).rejects.toThrow("Idempotency-Keys that it took count until 2026-03-03T11:00:00.000Z");
  clock.advance(LIST_COUNTS_MS - 1);
  await expect(tryRetire(old)).rejects.toThrow("Idempotency-Keys");
  expect(await stateOf(old)).toBe("drain");
  clock.advance(1);
  await tryRetire(old);
  expect(await stateOf(old)).toBe("retired");
});

test("it may be retired at once where that is accepted, or where it never took a key", async () => {
  await changeState(context, old, "readonly");
  await moveHome(context, other);
  await tryRetire(old, true);
  expect(await stateOf(old)).toBe("retired");
  const added = createMemoryStore({ set: "sin1" as SetId, region: "sin", clock, random: systemRandom });
  context = { ...context, stores: [...context.stores, added] };
  await changeState(context, added.set, "readonly");
  await tryRetire(added.set);
  expect(await stateOf(added.set)).toBe("retired");
});

test("its money is sent to another set before it is retired, and what is lent is counted there once", async () => {
  const [from, to] = context.stores as [Store, Store];
  const account = "acme" as AccountId;
  const credit = { stores: [from], closed: [], clock, mint: context.mint, random: systemRandom };
  const asked = { account, currency: "EUR", actor: "test" } as const;
  await changeCredit(credit, { ...asked, type: "paid", micros: 100n as Micros });
  await changeCredit(credit, { ...asked, type: "lent", micros: 30n as Micros });
  await changeState(context, old, "drain");
  await expect(tryRetire(old, true)).rejects.toThrow("money on its way to syd2: it has been sent now");
  await expect(tryRetire(old, true)).rejects.toThrow("1 items in 1 chunks on lane relay.syd2");

  const bench = setup();
  const holds = await claim(from, lanes.relay(other));
  await processRelay({ ...bench.context, clock }, to, from, holds);
  await countLentElsewhere({ from, to, clock, mint: context.mint });
  await countLentElsewhere({ from, to, clock, mint: context.mint });
  const left = (await readCredit({ stores: [to], closed: [] }, [account])).get(account);
  expect(left).toMatchObject({ balance: 100n, spendable: 130n, limit: 30n });
});
