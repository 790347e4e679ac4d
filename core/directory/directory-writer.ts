/**
 * Changes the directory: at its home, one change after another, each acknowledged once a second set holds it. States of
 * a change: planned on the directory as it is → added at the home, or planned anew as somebody else was first →
 * acknowledged, or pending while no second set answers. Nothing is ever written that is not a directory.
 */

import { canonicalJson } from "#domain/canonical-json.ts";
import type { Clock } from "#domain/clock.ts";
import { createIdMint, type IdMint, type SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import {
  CHANGE_BYTES_MAX,
  CHANGE_WRITES_MAX,
  type DirectoryChange,
  type DirectoryStamp,
  type DirectoryTerm,
  stampOf,
} from "../store/directory-copy.ts";
import { type Store, StoreError } from "../store/store.ts";
import { changeProblems } from "./check-change.ts";
import { type DirectorySnapshot, emptyDirectory } from "./directory.ts";
import {
  claimHome,
  foundHome,
  type Home,
  readyHome,
  refuse,
  spread,
  type Unavailable,
  unavailable,
} from "./directory-home.ts";
import { latestOf, readHeads } from "./directory-log.ts";
import { followLog } from "./read-directory.ts";
import { bodyText, type ParsedWrites, type RecordProblem, type RecordWrite } from "./records.ts";

/** Somebody else was first, or an answer was lost: so often is a change planned and tried anew. */
const TRIES_MAX = 20;
const AGAIN_MS = 50;

export interface WriterDeps {
  /** Of every set that there is. */
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly random: Random;
  /** Who changes it. */
  readonly actor: string;
  /** Of the request that asked for it. */
  readonly request?: string;
  /** Begins a directory where no set holds one, which takes all of the sets. */
  readonly mayFound?: boolean;
}

export type Change =
  /** A second set holds it, or there is none. */
  | { readonly type: "changed"; readonly at: DirectoryStamp; readonly directory: DirectorySnapshot }
  /** It holds at the home, and would be lost with it. */
  | { readonly type: "pending"; readonly at: DirectoryStamp; readonly directory: DirectorySnapshot }
  /** It was so already, on a second set too. */
  | { readonly type: "nothing"; readonly directory: DirectorySnapshot }
  | { readonly type: "refused"; readonly problems: readonly RecordProblem[] }
  /** Nothing was changed; `why` says what to do. */
  | Unavailable
  /** The home may have it or not: look before saying it again. */
  | { readonly type: "unknown"; readonly why: string };

/** Plans a change on the directory as it is; called again when somebody else was first. */
export type Edit = (directory: DirectorySnapshot) => ParsedWrites;

export interface DirectoryWriter {
  /** Not twice at once. Throws DirectoryMalformedError and DirectoriesDifferError. */
  change(edit: Edit): Promise<Change>;
  /** Makes another set the home. The old one need not answer, all others must. */
  moveHome(to: SetId): Promise<Change>;
}

export function createDirectoryWriter(deps: WriterDeps): DirectoryWriter {
  return new Writer(deps);
}

class Writer implements DirectoryWriter {
  readonly #deps: WriterDeps;
  readonly #mint: IdMint;
  #held = emptyDirectory;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
    this.#mint = createIdMint(deps);
  }

  async change(edit: Edit): Promise<Change> {
    const { clock, random } = this.#deps;
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const result = await this.#tryChange(edit).catch(unavailable);
      if (result !== "again") return result;
      await clock.sleep(AGAIN_MS * random.fraction());
    }
    return refuse("others change the directory all the time: say it again");
  }

  async moveHome(to: SetId): Promise<Change> {
    const claimed = await claimHome(this.#deps, to).catch(unavailable);
    if (claimed.type === "unavailable") return claimed;
    this.#held = await followLog(this.#held, claimed.home);
    const moved = await this.#commit([], claimed);
    return moved === "again" ? refuse("somebody else moves the home: look again") : moved;
  }

  async #tryChange(edit: Edit): Promise<Change | "again"> {
    const heads = await readHeads(this.#deps.stores, this.#deps.clock);
    const latest = latestOf(heads);
    const found =
      latest === undefined ? await foundHome(this.#deps, heads) : await readyHome(this.#deps, latest, heads);
    if (found.type === "unavailable") return found;
    this.#held = latest === undefined ? emptyDirectory : await followLog(this.#held, found.home);
    const { writes, problems } = plan(this.#held, edit);
    if (problems.length > 0) return { type: "refused", problems };
    if (writes.length === 0) return this.#sayAgain(found);
    return this.#commit(writes, found);
  }

  async #commit(writes: readonly RecordWrite[], { home, term }: Home): Promise<Change | "again"> {
    const change = this.#draft(writes, term);
    try {
      if (!(await this.#add(change, { home, term }))) return "again";
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { type: "unknown", why: `${home.set} did not say whether it has the change: ${error.message}` };
    }
    const before = this.#held;
    this.#held = before.with(writes, stampOf(change));
    const isHeld = await spread(this.#deps, { home, term }, { before, now: this.#held });
    const type = isHeld ? "changed" : "pending";
    return { type, at: stampOf(change), directory: this.#held };
  }

  /** It is so already; whether a second set holds that too, nobody may have been told yet. */
  async #sayAgain({ home, term }: Home): Promise<Change> {
    const directory = this.#held;
    const isHeld = await spread(this.#deps, { home, term }, { before: directory, now: directory });
    if (isHeld || directory.at === undefined) return { type: "nothing", directory };
    return { type: "pending", at: directory.at, directory };
  }

  #draft(writes: readonly RecordWrite[], { epoch, home }: DirectoryTerm): DirectoryChange {
    const { clock, actor, request } = this.#deps;
    const number = this.#held.version + 1;
    return {
      ...{ id: this.#mint.unique(), number, epoch, home, at: clock.now(), actor },
      ...(request !== undefined && { request }),
      writes: writes.map((write) => ({
        key: write.key,
        before: textOf(this.#held, write.key),
        after: bodyText(write),
      })),
    };
  }

  /** False: somebody else was first. Throws StoreError where nobody can tell. */
  async #add(change: DirectoryChange, { home, term }: Home): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      try {
        if (await home.directory.append(change, { after: this.#held.at, under: term })) return true;
        // Perhaps by an earlier try of ours.
        const [there] = await home.directory.changes({ after: change.number - 1 });
        return there?.id === change.id;
      } catch (error) {
        if (!(error instanceof StoreError) || tries === TRIES_MAX) throw error;
        await this.#deps.clock.sleep(AGAIN_MS * tries);
      }
    }
  }
}

export function textOf(directory: DirectorySnapshot, key: string): string | null {
  const body = directory.record(key);
  return body === undefined ? null : canonicalJson(body);
}

/** What an edit writes that is not so already, and what is wrong with it. */
function plan(held: DirectorySnapshot, edit: Edit): ParsedWrites {
  const edited = edit(held);
  if (edited.problems.length > 0) return edited;
  const writes = edited.writes.filter((write) => textOf(held, write.key) !== bodyText(write));
  const bytes = writes.reduce((sum, write) => sum + (bodyText(write)?.length ?? 0), 0);
  if (writes.length > CHANGE_WRITES_MAX || bytes > CHANGE_BYTES_MAX) {
    const most = `${CHANGE_WRITES_MAX} records and ${CHANGE_BYTES_MAX} bytes`;
    const message = `it has ${writes.length} records and ${bytes} bytes, and may have ${most}: make it in parts`;
    return { writes, problems: [{ key: "", field: "", message }] };
  }
  return { writes, problems: changeProblems(held, held.with(writes, held.at), writes) };
}
