/**
 * Keeps the newest directory in memory, and each set's own standing: asks every set that is in use each second what it
 * has come to, reads what is new from the one that is ahead, works on from memory while no set answers, and says how
 * old the copy is. It never waits for a set on a request's path, and never calls a set usable for sending that has not
 * said of itself that it is.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { compareStamps, type DirectoryHead } from "../store/directory-copy.ts";
import { inTime } from "../store/in-time.ts";
import type { Store } from "../store/store.ts";
import type { Directory, DirectorySnapshot } from "./directory.ts";
import { type Heads, latestOf } from "./directory-log.ts";
import { DirectoryMalformedError, followLog, loadDirectory } from "./read-directory.ts";
import { isInUse, type SetState } from "./set-states.ts";
import { createStandings, type Standings } from "./standings.ts";

/** How often every set is looked at. 1 s: a new key, or another state of a set, works within a second. */
const REFRESH_MS = 1_000;
/** The same while a set does not answer: it is used again as soon as it has said what it is. */
const RETRY_MS = 250;
/** An answer that takes longer is none: the next may come at once. */
const READ_MS_MAX = 2_000;
/** No set has confirmed the copy for this long: worth a line in the log. */
const UNREACHABLE_MS = 10_000;

export interface LiveDirectory extends AsyncDisposable {
  /** The newest snapshot seen; undefined until some set has answered with one. */
  current(): DirectorySnapshot | undefined;
  /** What each set that answers has come to. */
  heads(): Heads;
  /** Milliseconds since a set last confirmed it. */
  ageMs(): number;
  /**
   * What this set may be used for now: as the directory says, but `readonly` while it stands as restored, or has not
   * said lately how it stands. Without a directory every set counts as up.
   */
  stateOf(set: SetId): SetState;
  /** Sets that are in use by the directory, and that this process was given no address of. */
  unknownSets(): readonly SetId[];
  /** Resolves with the first snapshot, or undefined when `signal` aborts before. */
  ready(signal: AbortSignal): Promise<Directory | undefined>;
}

interface Deps {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly log: Logger;
}

export function openDirectory(deps: Deps): LiveDirectory {
  const opened = new OpenedDirectory(deps);
  // Its users take the methods they need from it.
  return {
    current: () => opened.current(),
    heads: () => opened.heads(),
    ageMs: () => opened.ageMs(),
    stateOf: (set) => opened.stateOf(set),
    unknownSets: () => opened.unknownSets(),
    ready: (signal) => opened.ready(signal),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

class OpenedDirectory implements LiveDirectory {
  readonly #deps: Deps;
  readonly #stop = new AbortController();
  readonly #standings: Standings;
  readonly #known: ReadonlySet<SetId>;
  readonly #heads = new Map<SetId, DirectoryHead>();
  /** Sets that have answered, or not, at least once. */
  readonly #asked = new Set<SetId>();
  /** Sets that are being read, since when: from one that takes too long another takes over. */
  readonly #reading = new Map<SetId, number>();
  readonly #first = Promise.withResolvers<void>();
  readonly #openedAt: number;
  #current: DirectorySnapshot | undefined;
  #confirmedAt: number;
  #malformed = "";
  #unreachableSaid = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#standings = createStandings(deps);
    this.#known = new Set(deps.stores.map((store) => store.set));
    this.#openedAt = deps.clock.monotonic();
    this.#confirmedAt = this.#openedAt;
    for (const store of deps.stores) void this.#refreshFrom(store);
  }

  current(): DirectorySnapshot | undefined {
    return this.#current;
  }

  heads(): Heads {
    return this.#heads;
  }

  ageMs(): number {
    return this.#deps.clock.monotonic() - this.#confirmedAt;
  }

  stateOf(set: SetId): SetState {
    const said = this.#current?.stateOf(set) ?? "up";
    return said === "retired" || this.#standings.isInService(set) ? said : "readonly";
  }

  unknownSets(): readonly SetId[] {
    return this.#current === undefined ? [] : unknownOf(this.#current, this.#known);
  }

  async ready(signal: AbortSignal): Promise<DirectorySnapshot | undefined> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([this.#first.promise, aborted]);
    return this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A read that hangs is not waited for: closing its store ends it.
    this.#stop.abort();
  }

  async #refreshFrom(store: Store): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const isRetired = this.#current?.stateOf(store.set) === "retired";
      const answered = isRetired || (await this.#lookAt(store));
      if (isRetired) this.#heads.delete(store.set);
      this.#asked.add(store.set);
      void this.#catchUp();
      this.#sayWhenUnreachable();
      await this.#deps.clock.sleep(answered ? REFRESH_MS : RETRY_MS, signal);
    }
  }

  /** False: it did not say how it stands. */
  async #lookAt(store: Store): Promise<boolean> {
    const { clock } = this.#deps;
    const [head, standing] = await Promise.all([
      inTime(clock, store.directory.head(), READ_MS_MAX),
      inTime(clock, store.standing(), READ_MS_MAX),
    ]);
    if (this.#stop.signal.aborted) return false;
    if (standing !== undefined) this.#standings.learn(store.set, standing);
    if (head === undefined) this.#heads.delete(store.set);
    else this.#heads.set(store.set, head);
    if (head?.at !== undefined && head.at.change === this.#current?.at?.change) this.#confirmedAt = clock.monotonic();
    return standing !== undefined;
  }

  /** Reads what the set that is ahead has and we have not. */
  async #catchUp(): Promise<void> {
    const now = this.#deps.clock.monotonic();
    if ([...this.#reading.values()].some((since) => now - since < REFRESH_MS)) return;
    const latest = latestOf(new Map([...this.#heads].filter(([set]) => !this.#reading.has(set))));
    const store = this.#deps.stores.find(({ set }) => set === latest?.set);
    const held = this.#current;
    if (latest === undefined || store === undefined || compareStamps(latest.at, held?.at) <= 0) return;
    if (held === undefined && this.#mayBeBehind()) return;
    this.#reading.set(store.set, now);
    try {
      const read = await (held === undefined ? loadDirectory(store) : followLog(held, store));
      if (!this.#stop.signal.aborted && compareStamps(read.at, this.#current?.at) > 0) this.#take(read, store);
    } catch (error) {
      // Another may be asked instead; this one is when it next says what it has come to.
      this.#heads.delete(store.set);
      this.#sayMalformed(store, error);
    } finally {
      this.#reading.delete(store.set);
    }
  }

  /** A set that was away may be months behind: of all that are asked at the start, the first to answer is not taken. */
  #mayBeBehind(): boolean {
    const { stores, clock } = this.#deps;
    return this.#asked.size < stores.length && clock.monotonic() - this.#openedAt < REFRESH_MS;
  }

  #take(read: DirectorySnapshot, store: Store): void {
    const { log, clock } = this.#deps;
    const before = this.#current;
    this.#current = read;
    this.#confirmedAt = clock.monotonic();
    log.info("directory.loaded", { version: read.version, set: store.set });
    sayChanges(log, this.#known, { before, now: read });
    this.#first.resolve();
  }

  #sayMalformed({ set }: Store, error: unknown): void {
    if (!(error instanceof DirectoryMalformedError) || this.#malformed === error.message) return;
    this.#malformed = error.message;
    this.#deps.log.error("defect", { where: `directory of ${set}`, error: error.message });
  }

  #sayWhenUnreachable(): void {
    const ageMs = Math.round(this.ageMs());
    if (ageMs < UNREACHABLE_MS) this.#unreachableSaid = false;
    else if (!this.#unreachableSaid) {
      this.#unreachableSaid = true;
      this.#deps.log.error("directory.unreachable", { ageMs });
    }
  }
}

/** One line for each set whose state changed, and one for each that this process now learns it has no address of. */
function sayChanges(
  log: Logger,
  known: ReadonlySet<SetId>,
  { before, now }: { readonly before: Directory | undefined; readonly now: Directory },
): void {
  const unknownBefore = before === undefined ? [] : unknownOf(before, known);
  for (const { set, state } of now.sets) {
    if (before?.stateOf(set) !== state) log.info("set.state", { set, state });
  }
  for (const set of unknownOf(now, known)) {
    if (!unknownBefore.includes(set)) log.error("set.no_address", { set, state: now.stateOf(set) });
  }
}

function unknownOf({ sets }: Directory, known: ReadonlySet<SetId>): readonly SetId[] {
  return sets.flatMap(({ set, state }) => (isInUse(state) && !known.has(set) ? [set] : []));
}
