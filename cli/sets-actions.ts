/**
 * What an operator asks of sets and does with them: how they are, and what each is used for. A state is changed by the
 * next version of the directory, written to every set that answers; each process sees it within a second or so.
 */
import { type DirectoryInput, directorySchema, withSets } from "#core/directory/directory.ts";
import { writeDirectory } from "#core/directory/open-directory.ts";
import { changeSet, isInUse, nameSets, type SetState, type SetsOfDirectory } from "#core/directory/set-states.ts";
import type { LaneDepth, OptOutKey, Standing, Store, VersionedDirectory } from "#core/store/store.ts";
import { optOutKey } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";

/** Opt-outs that are copied in one step. */
const OPT_OUTS_PAGE = 500;

export interface SetsContext {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly mint: IdMint;
  /** Names the command in leases. */
  readonly owner: string;
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
  readonly copy: VersionedDirectory | undefined;
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
  readonly version: number;
  readonly body: DirectoryInput;
  readonly sets: readonly SetView[];
}

/** Asks every set at once. Throws SetsRefusedError when none has a directory. */
export async function viewSets({ stores }: Pick<SetsContext, "stores">): Promise<SetsView> {
  const answers = await Promise.all(stores.map(async (store) => ({ store, answer: await ask(store) })));
  const copies = answers.flatMap(({ answer }) => answer?.copy ?? []);
  const newest = copies.reduce<VersionedDirectory | undefined>(
    (best, copy) => (best === undefined || copy.version > best.version ? copy : best),
    undefined,
  );
  if (newest === undefined) throw new SetsRefusedError("No set that answers has a directory.");
  const directory = directorySchema.parse(newest.body);
  const listed = new Map(directory.sets.map((entry) => [entry.set, entry]));
  const known = answers.map(({ store, answer }): SetView => {
    const { set, region } = store;
    return { set, region, state: listed.get(set)?.state ?? "up", store, answer };
  });
  const unknown = directory.sets
    .filter(({ set }) => stores.every((store) => store.set !== set))
    .map((entry): SetView => ({ ...entry, store: undefined, answer: undefined }));
  return { version: newest.version, body: newest.body as DirectoryInput, sets: [...known, ...unknown] };
}

async function ask(store: Store): Promise<Answer | undefined> {
  try {
    const [copy, standing, depth, writers] = await Promise.all([
      store.directory.read(),
      store.standing(),
      store.depth(),
      store.events.writers(),
    ]);
    return { copy, standing, depth, writersOpen: writers.filter(({ closed }) => !closed).length };
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

/** Writes the next version of the directory, with this set in this state, to every set that answers. */
export async function changeState(context: SetsContext, set: SetId, state: SetState): Promise<void> {
  const { say, clock } = context;
  const view = await viewSets(context);
  const found = view.sets.find((candidate) => candidate.set === set);
  if (found === undefined) throw new SetsRefusedError(`${set} is none of the sets of GODWIT_SETS.`);
  const answering = view.sets.filter(({ answer }) => answer !== undefined);
  const needed = view.sets.filter((one) => isInUse(one.state)).length / 2;
  if (answering.length < needed) {
    throw new SetsRefusedError(
      `Only ${answering.length} of ${view.sets.length} sets answer: a change must be known to half of them.`,
    );
  }
  const before = directorySchema.parse(view.body);
  // A set that has never held a directory has never been up either.
  const used = view.sets.filter(({ answer }) => answer === undefined || answer.copy !== undefined);
  const named = nameSets(before, used);
  const after = changeSet(named, { set, region: found.region, state }, clock.now());
  const version = view.version + 1;
  await writeEverywhere(answering, version, withSets(view.body, after));
  say(`${set} is '${state}' by version ${version} of the directory. Every process sees it within a second or so.`);
  warn(say, after, view);
}

async function writeEverywhere(sets: readonly SetView[], version: number, body: DirectoryInput): Promise<void> {
  const stores = sets.flatMap(({ store }) => store ?? []);
  await writeDirectory(stores, version, body);
  const wanted = JSON.stringify(body);
  const held = await Promise.all(stores.map((store) => store.directory.read().catch(() => undefined)));
  const isOurs = held.every((copy) => copy === undefined || JSON.stringify(copy.body) === wanted);
  if (isOurs && held.some((copy) => copy !== undefined)) return;
  throw new SetsRefusedError("Somebody else changed the directory at the same moment: look again, and say it again.");
}

function warn(say: SetsContext["say"], { sets }: SetsOfDirectory, view: SetsView): void {
  if (!sets.some(({ state }) => state === "up")) say("No set is up now: new messages are refused.");
  const silent = view.sets.filter(({ answer, store, state }) => store && answer === undefined && isInUse(state));
  for (const { set } of silent) say(`${set} does not answer; it gets this version with the next change.`);
}
