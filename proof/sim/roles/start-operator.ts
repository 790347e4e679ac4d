/**
 * Who changes the directory: writes it to every set until every set has it. Before anything else happens it puts down
 * what was before the run. No fault happens to it.
 */
import { type DirectoryInput, withSets } from "#core/directory/directory.ts";
import { writeDirectory } from "#core/directory/open-directory.ts";
import { changeSet, nameSets, type SetState, type SetsOfDirectory } from "#core/directory/set-states.ts";
import { changeCredit } from "#core/ledger/change-credit.ts";
import type { Store } from "#core/store/store.ts";
import { type AccountId, createIdMint, type SetId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { PaidRecord } from "../history.ts";
import { setRegions, simDirectory } from "../sim-directory.ts";
import type { StartRole } from "../sim-host.ts";
import type { World } from "../world.ts";

const AGAIN_MS = 500;

export const startOperator: StartRole = (world, { process, stores }) => {
  const { clock, random } = process;
  const mint = createIdMint({ clock, random });
  let version = 1;
  let sets: SetsOfDirectory = { sets: [], keyLists: [] };

  async function publish(): Promise<void> {
    const mine = version;
    const body: DirectoryInput = withSets(simDirectory(), sets);
    while (mine === version && (await writeDirectory(stores, mine, body)) < stores.length) await clock.sleep(AGAIN_MS);
  }

  /** Where it is enough, on each set by itself: then no set needs another. */
  async function pay(account: AccountId, { micros, isTight }: PaidRecord): Promise<void> {
    const groups = isTight ? [stores] : stores.map((store) => [store]);
    for (const [i, some] of groups.entries()) {
      const part = (
        i === 0 ? micros - (micros / BigInt(groups.length)) * BigInt(groups.length - 1) : micros / BigInt(groups.length)
      ) as Micros;
      const change = { type: "paid", account, micros: part, currency: "EUR", actor: "operator" } as const;
      const context = { stores: some, closed: [], clock, mint, random };
      const isDone = async () => (await changeCredit(context, change, `${account} ${i}`)).type;
      while (!["changed", "repeated"].includes(await isDone())) await clock.sleep(AGAIN_MS);
    }
  }

  world.changeState = (set: SetId, state: SetState) => {
    const known = [...setRegions].map(([id, region]) => ({ set: id, region }));
    const region = setRegions.get(set) ?? "";
    version += 1;
    sets = changeSet(nameSets(sets, known), { set, region, state }, clock.now());
    void publish();
  };
  for (const store of stores) void writePast(world, store);
  for (const [account, paid] of world.paid) void pay(account, paid);
  void publish();
  return {};
};

async function writePast({ past, defects }: World, store: Store): Promise<void> {
  const events = past.filter(({ set }) => set === store.set).flatMap((message) => message.events);
  if (events.length === 0) return;
  const { type } = await store.commit({ events });
  if (type !== "committed") defects.push(`the past of ${store.set} is ${type}`);
}
