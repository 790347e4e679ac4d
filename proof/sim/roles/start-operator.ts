/**
 * Who changes the directory: says each change until it is made. Before anything else happens it puts down what was
 * before the run. No fault happens to it.
 */
import { type Change, createDirectoryWriter } from "#core/directory/directory-writer.ts";
import { setsWrite } from "#core/directory/records.ts";
import { changeSet, nameSets, type SetState } from "#core/directory/set-states.ts";
import { writeDirectory } from "#core/directory/write-directory.ts";
import { changeCredit } from "#core/ledger/change-credit.ts";
import type { Store } from "#core/store/store.ts";
import { type AccountId, createIdMint, type SetId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { oneOf } from "../../seeded-random.ts";
import type { PaidRecord } from "../history.ts";
import { setRegions, simDirectory } from "../sim-directory.ts";
import type { StartRole } from "../sim-host.ts";
import { reach } from "../sometimes.ts";
import type { World } from "../world.ts";

const AGAIN_MS = 500;
/** Of a change, before the home is moved. */
const HOME_TRIES = 2;

export const startOperator: StartRole = (world, { process, stores }) => {
  const { clock, random } = process;
  const mint = createIdMint({ clock, random });
  const deps = { stores, clock, random, actor: "operator" };
  const writer = createDirectoryWriter(deps);
  const known = [...setRegions].map(([set, region]) => ({ set, region }));

  /** A person who waits for the home in vain makes another set the home. */
  async function untilMade(make: () => Promise<Change>): Promise<void> {
    for (let tries = 1; !isMade(await make()); tries++) {
      if (tries % HOME_TRIES === 0 && isMade(await writer.moveHome(oneOf(random, known).set))) {
        reach(world.reached, "the home of the directory was moved");
      }
      await clock.sleep(AGAIN_MS);
    }
  }

  function isMade(change: Change): boolean {
    if (change.type === "changed") world.directoryChanges.push(change.at.change);
    return change.type === "changed" || change.type === "nothing";
  }
  /** Changes are made one after the other. */
  let made = untilMade(() => writeDirectory(deps, simDirectory()));

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
    const region = setRegions.get(set) ?? "";
    const change = () =>
      writer.change((held) => {
        const sets = changeSet(nameSets(held, known), { set, region, state }, clock.now());
        return { writes: [setsWrite(sets)], problems: [] };
      });
    const drain = { set, from: world.time.now, until: Number.POSITIVE_INFINITY };
    if (state === "drain") world.drained.push(drain);
    made = made.then(() => untilMade(change));
    if (state !== "up") return;
    void made.then(() => {
      for (const each of world.drained) if (each.set === set) each.until = Math.min(each.until, world.time.now);
    });
  };
  world.time.after(-world.time.now, () => {
    for (const store of stores) void writePast(world, store);
    for (const [account, paid] of world.paid) void pay(account, paid);
  });
  return {};
};

async function writePast({ past, defects }: World, store: Store): Promise<void> {
  const events = past.filter(({ set }) => set === store.set).flatMap((message) => message.events);
  if (events.length === 0) return;
  const { type } = await store.commit({ events });
  if (type !== "committed") defects.push(`the past of ${store.set} is ${type}`);
}
