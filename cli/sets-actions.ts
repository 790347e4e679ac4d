/**
 * What an operator asks of sets and does with them: how they are, what each is used for, and which is the directory's
 * home. Each is a change of the directory; every process sees it within a second or so.
 */
import type { DirectorySnapshot } from "#core/directory/directory.ts";
import { latestOf } from "#core/directory/directory-log.ts";
import { type Change, createDirectoryWriter, type DirectoryWriter } from "#core/directory/directory-writer.ts";
import { loadDirectory } from "#core/directory/read-directory.ts";
import { setsWrite } from "#core/directory/records.ts";
import { changeSet, isInUse, nameSets, type SetState } from "#core/directory/set-states.ts";
import type { DirectoryHead } from "#core/store/directory-copy.ts";
import type { LaneDepth, OptOutKey, Standing, Store } from "#core/store/store.ts";
import { optOutKey } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { tellChange } from "./tell-change.ts";

/** Opt-outs that are copied in one step. */
const OPT_OUTS_PAGE = 500;

export interface SetsContext {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly mint: IdMint;
  /** Names the command in leases. */
  readonly owner: string;
  /** Who does it, for the record. */
  readonly actor: string;
  readonly say: (line: string) => void;
}

/** Nothing was changed: what was asked for would lose something, or cannot be done now. */
export class SetsRefusedError extends Error {
  override readonly name = "SetsRefusedError";
  readonly code = "sets_refused";
  readonly retryable = false;
}

/** A set that answered. */
export interface Answer {
  readonly head: DirectoryHead;
  readonly standing: Standing;
  readonly depth: ReadonlyMap<string, LaneDepth>;
  readonly writersOpen: number;
}

export interface SetView {
  readonly set: SetId;
  readonly region: string;
  readonly state: SetState;
  /** Undefined for a set of the directory that GODWIT_SETS has no address of. */
  readonly store: Store | undefined;
  /** Undefined when it does not answer. */
  readonly answer: Answer | undefined;
}

export interface SetsView {
  readonly directory: DirectorySnapshot;
  readonly sets: readonly SetView[];
}

/** Asks every set at once. Throws SetsRefusedError when none has a directory. */
export async function viewSets({ stores }: Pick<SetsContext, "stores">): Promise<SetsView> {
  const answers = await Promise.all(stores.map(async (store) => ({ store, answer: await ask(store) })));
  const heads = new Map(answers.flatMap(({ store, answer }) => (answer ? [[store.set, answer.head] as const] : [])));
  const latest = latestOf(heads);
  const newest = stores.find(({ set }) => set === latest?.set);
  if (newest === undefined) throw new SetsRefusedError("No set that answers has a directory.");
  const directory = await loadDirectory(newest);
  const listed = new Map(directory.sets.map((entry) => [entry.set, entry]));
  const known = answers.map(({ store, answer }): SetView => {
    const { set, region } = store;
    return { set, region, state: listed.get(set)?.state ?? "up", store, answer };
  });
  const unknown = directory.sets
    .filter(({ set }) => stores.every((store) => store.set !== set))
    .map((entry): SetView => ({ ...entry, store: undefined, answer: undefined }));
  return { directory, sets: [...known, ...unknown] };
}

async function ask(store: Store): Promise<Answer | undefined> {
  try {
    const [head, standing, depth, writers] = await Promise.all([
      store.directory.head(),
      store.standing(),
      store.depth(),
      store.events.writers(),
    ]);
    return { head, standing, depth, writersOpen: writers.filter(({ closed }) => !closed).length };
  } catch {
    return undefined;
  }
}

/** Finds a set that answers. Throws SetsRefusedError. */
export function answeringSet(view: SetsView, set: SetId): SetView & { readonly store: Store; readonly answer: Answer } {
  const found = view.sets.find((candidate) => candidate.set === set);
  if (found?.store === undefined) {
    throw new SetsRefusedError(`${set} is none of the sets of GODWIT_SETS: add its address there.`);
  }
  if (found.answer === undefined) throw new SetsRefusedError(`${set} does not answer.`);
  return { ...found, store: found.store, answer: found.answer };
}

/** Brings a set up: first it gets every opt-out that the others hold, as it will be asked for them. */
export async function bringUp(context: SetsContext, set: SetId): Promise<void> {
  const view = await viewSets(context);
  const { store, answer } = answeringSet(view, set);
  if (answer.standing === "restored") {
    throw new SetsRefusedError(`${set} was restored from a backup: 'godwit sets reconcile ${set}' comes first.`);
  }
  const copied = await copyOptOuts(view, store);
  if (copied > 0) context.say(`${set} holds the ${copied} opt-outs of the other sets.`);
  await changeState(context, set, "up");
}

/** Every change is applied by its time, so what the set knows better it keeps. Returns how many were read. */
export async function copyOptOuts({ sets }: SetsView, to: Store): Promise<number> {
  let copied = 0;
  for (const { set, state, store, answer } of sets) {
    if (store === undefined || store === to || !isInUse(state)) continue;
    if (answer === undefined) {
      throw new SetsRefusedError(`${set} does not answer, and ${to.set} must hold its opt-outs before it sends.`);
    }
    let after: OptOutKey | undefined;
    for (;;) {
      const page = await store.optOutChanges({ ...(after === undefined ? {} : { after }), max: OPT_OUTS_PAGE });
      const last = page.at(-1);
      if (last === undefined) break;
      const result = await to.commit({ optOuts: page });
      if (result.type !== "committed")
        throw new SetsRefusedError(`${to.set} did not take the opt-outs: ${result.type}.`);
      copied += page.length;
      after = optOutKey(last.account, last.number);
    }
  }
  return copied;
}

/** Has the directory say that this set is in this state. */
export async function changeState(context: SetsContext, set: SetId, state: SetState): Promise<void> {
  const { say, clock } = context;
  const view = await viewSets(context);
  const found = view.sets.find((candidate) => candidate.set === set);
  if (found === undefined) throw new SetsRefusedError(`${set} is none of the sets of GODWIT_SETS.`);
  // A set that has never held a directory has never been up either.
  const used = view.sets.filter(({ answer }) => answer === undefined || answer.head.at !== undefined);
  const change = await writerOf(context).change((held) => {
    const sets = changeSet(nameSets(held, used), { set, region: found.region, state }, clock.now());
    return { writes: [setsWrite(sets)], problems: [] };
  });
  const directory = sayChange(say, change, `${set} is '${state}'`);
  if (!directory.sets.some((entry) => entry.state === "up")) say("No set is up now: new messages are refused.");
  sayWhoIsSilent(say, view);
}

/** Makes this set the home of the directory. The old home need not answer, all other sets must. */
export async function moveHome(context: SetsContext, set: SetId): Promise<void> {
  const view = await viewSets(context);
  answeringSet(view, set);
  if (view.directory.home === set) throw new SetsRefusedError(`${set} is the home of the directory already.`);
  sayChange(context.say, await writerOf(context).moveHome(set), `${set} is the home of the directory`);
  sayWhoIsSilent(context.say, view);
}

function writerOf({ stores, clock, actor }: SetsContext): DirectoryWriter {
  return createDirectoryWriter({ stores, clock, random: systemRandom, actor });
}

/** Throws SetsRefusedError where it was not made, or nobody can tell. */
function sayChange(say: SetsContext["say"], change: Change, what: string): DirectorySnapshot {
  const told = tellChange(change, what);
  if (told.type === "not_made") throw new SetsRefusedError(told.why);
  for (const line of told.lines) say(line);
  return told.directory;
}

function sayWhoIsSilent(say: SetsContext["say"], view: SetsView): void {
  const silent = view.sets.filter(({ answer, store, state }) => store && answer === undefined && isInUse(state));
  for (const { set } of silent) say(`${set} does not answer; the workers bring it up to date when it is back.`);
}
