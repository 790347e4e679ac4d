/**
 * The one set where changes of the directory begin: found where none was yet, claimed by another, made ready, and its
 * log taken to the others. An epoch begins with what at least all sets but one have promised, and what was acknowledged
 * is on two of them, so no home is without it.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { compareTerms, type DirectoryHead, type DirectoryTerm } from "../store/directory-copy.ts";
import { inTime } from "../store/in-time.ts";
import { type Store, StoreError } from "../store/store.ts";
import { type DirectorySnapshot, emptyDirectory } from "./directory.ts";
import { copyDirectory, type Heads, type Latest, latestOf, readHeads } from "./directory-log.ts";
import { followLog } from "./read-directory.ts";
import { isInUse } from "./set-states.ts";

/** A second set that takes longer has not taken it; the workers bring it there later. */
const SPREAD_MS = 3_000;
/** The others, once one has it: a person who looks at any set next sees what was said. */
const GRACE_MS = 250;

interface Deps {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  /** Begins a directory where no set holds one. */
  readonly mayFound?: boolean;
}

export interface Home {
  readonly home: Store;
  readonly term: DirectoryTerm;
}

export interface Unavailable {
  readonly type: "unavailable";
  readonly why: string;
}

type Found = (Home & { readonly type: "ready" }) | Unavailable;

export function refuse(why: string): Unavailable {
  return { type: "unavailable", why };
}

/** For `catch`: what a set refuses. */
export function unavailable(error: unknown): Unavailable {
  if (error instanceof StoreError) return refuse(error.message);
  throw error;
}

/** The home, with all that any set holds; or why nothing can be changed now. */
export async function readyHome(deps: Deps, latest: Latest, heads: Heads): Promise<Found> {
  const storeOf = (set: SetId): Store | undefined => deps.stores.find((store) => store.set === set);
  const { at } = latest;
  const home = storeOf(at.home);
  const head = heads.get(at.home);
  if (home === undefined || head === undefined) {
    return refuse(`${at.home}, the home of the directory, does not answer: wait, or 'godwit sets home <set>'`);
  }
  // Somebody began to move the home and did not come to its end: what sets promised to him keeps them from following.
  const isClaimed = [...heads.values()].some(
    ({ promised }) => promised !== undefined && compareTerms(promised, at) > 0,
  );
  if (isClaimed) return claimHome(deps, at.home);
  const ahead = storeOf(latest.set);
  // A home that came out of a backup: what it lacks, others hold.
  if (ahead !== undefined && ahead !== home && head.at?.change !== at.change) {
    const { isEqual } = await copyDirectory(ahead, home, at);
    if (!isEqual) return refuseBehind(home.set, ahead.set);
  }
  return { type: "ready", home, term: { epoch: at.epoch, home: at.home } };
}

/** The first home of a directory that there is not yet, as all sets agree; or why there can be none. */
export async function foundHome({ stores, mayFound }: Deps, heads: Heads): Promise<Found> {
  const [home] = stores.toSorted((a, b) => (a.set < b.set ? -1 : 1));
  if (home === undefined || mayFound !== true) return refuse("no set that answers has a directory");
  if (heads.size < stores.length) return refuse("no set has a directory, and one that does not answer could hold it");
  const term = { epoch: nextEpoch(heads), home: home.set };
  const promises = await Promise.all(stores.map((store) => store.directory.promise(term)));
  const isOurs = ({ at, promised }: DirectoryHead) => at === undefined && isPromised(promised, term);
  if (!promises.every(isOurs)) return refuse("somebody else begins the directory at this moment: look again");
  return { type: "ready", home, term };
}

function nextEpoch(heads: Heads): number {
  return Math.max(0, ...[...heads.values()].map(({ at, promised }) => promised?.epoch ?? at?.epoch ?? 0)) + 1;
}

function isPromised(promised: DirectoryTerm | undefined, term: DirectoryTerm): boolean {
  return promised !== undefined && compareTerms(promised, term) === 0;
}

/**
 * Has every set but one promise itself to the new home, and brings that to the latest change that any of them holds. A
 * change that was acknowledged is on two sets, so one of those that promised has it.
 */
export async function claimHome(deps: Deps, to: SetId): Promise<Found> {
  const home = deps.stores.find(({ set }) => set === to);
  if (home === undefined) return refuse(`${to} is none of the sets of this process`);
  const heads = await readHeads(deps.stores, deps.clock);
  const latest = latestOf(heads);
  if (latest === undefined) return refuse("no set that answers has a directory");
  const from = deps.stores.find(({ set }) => set === latest.set) ?? home;
  const used = usedSets(await followLog(emptyDirectory, from), deps.stores);
  if (!used.includes(home.set)) return refuse(`${home.set} is retired`);
  const needed = Math.max(1, used.length - 1);
  const asked = used.filter((set) => heads.has(set));
  if (asked.length < needed || !heads.has(home.set)) return refuseWithout(used.filter((set) => !heads.has(set)));
  const term = { epoch: nextEpoch(heads), home: home.set };
  const stores = deps.stores.filter(({ set }) => used.includes(set));
  const promised = new Map<SetId, DirectoryHead>();
  await Promise.all(
    stores.map(async (store) => {
      const head = await inTime(deps.clock, store.directory.promise(term), SPREAD_MS);
      if (head !== undefined && isPromised(head.promised, term)) promised.set(store.set, head);
    }),
  );
  const isAgreed = promised.size >= needed && promised.has(home.set);
  if (!isAgreed) return refuseWithout(used.filter((set) => !promised.has(set)));
  const best = latestOf(promised);
  const source = deps.stores.find(({ set }) => set === best?.set);
  // Without all that it holds, what was acknowledged could be lost.
  if (source !== undefined && source !== home && !(await copyDirectory(source, home, term)).isEqual) {
    return refuseBehind(home.set, source.set);
  }
  return { type: "ready", home, term };
}

function refuseBehind(home: SetId, ahead: SetId): Unavailable {
  return refuse(`${home} has not all that ${ahead} has of the directory yet: say it again`);
}

function refuseWithout(sets: readonly SetId[]): Unavailable {
  return refuse(`${sets.join(" and ")} did not agree to it: the new home and all other sets but one have to`);
}

/** Of the directory, and those of this process that it does not name. */
function usedSets(directory: DirectorySnapshot, stores: readonly Store[]): readonly SetId[] {
  const named = directory.sets.map(({ set }) => set);
  const all = new Set([...named, ...stores.map(({ set }) => set)]);
  return [...all].filter((set) => isInUse(directory.stateOf(set)));
}

/** Takes the home's log to the other sets. True once one of them has it, or where there is no other. */
export function spread(
  { stores, clock }: Deps,
  { home, term }: Home,
  { before, now }: { readonly before: DirectorySnapshot; readonly now: DirectorySnapshot },
): Promise<boolean> {
  const others = usedSets(now, stores).filter((set) => set !== home.set);
  // One that is retired by this change is told so too.
  const told = [...others, ...usedSets(before, stores)];
  const targets = stores.filter((store) => store !== home && told.includes(store.set));
  const isAlone = others.length === 0;
  return new Promise((resolve) => {
    let isHeld = isAlone;
    let grace: { cancel(): void } | undefined;
    const late = clock.after(SPREAD_MS, () => done());
    const done = () => {
      late.cancel();
      grace?.cancel();
      resolve(isHeld);
    };
    const copies = targets.map(async (to) => {
      const copied = await copyDirectory(home, to, term).catch(() => undefined);
      if (copied?.isEqual !== true || !others.includes(to.set)) return;
      isHeld = true;
      grace ??= clock.after(GRACE_MS, done);
    });
    void Promise.all(copies).then(done);
  });
}
