/**
 * Keeps the newest directory in memory, and each set's own standing: loads them from every set that is in use, asks
 * again every second, works on from memory while no set answers, and says how old the copy is. It never waits for a set
 * on a request's path, and never calls a set usable for sending that has not said of itself that it is.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Store, VersionedDirectory } from "../store/store.ts";
import { createDirectory, type Directory, type DirectoryInput, directorySchema } from "./directory.ts";
import { isInUse, type SetState } from "./set-states.ts";
import { createStandings } from "./standings.ts";

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
  current(): Directory | undefined;
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

export function openDirectory(deps: {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly log: Logger;
}): LiveDirectory {
  const { clock, log, stores } = deps;
  const stop = new AbortController();
  const standings = createStandings({ clock, log });
  const known = new Set(stores.map((store) => store.set));
  let current: Directory | undefined;
  let confirmedAt = clock.monotonic();
  let unreachableSaid = false;
  let announce: (() => void) | undefined;
  const first = new Promise<void>((resolve) => {
    announce = resolve;
  });

  async function refreshFrom(store: Store): Promise<void> {
    while (!stop.signal.aborted) {
      const isRetired = current?.stateOf(store.set) === "retired";
      const answered = isRetired || (await lookAt(store));
      sayWhenUnreachable();
      await clock.sleep(answered ? REFRESH_MS : RETRY_MS, stop.signal);
    }
  }

  /** False: it did not say how it stands. */
  async function lookAt(store: Store): Promise<boolean> {
    const [copy, standing] = await Promise.all([
      inTime(clock, store.directory.read()),
      inTime(clock, store.standing()),
    ]);
    if (stop.signal.aborted) return false;
    if (standing !== undefined) standings.learn(store.set, standing);
    if (copy !== undefined) take(copy, store);
    return standing !== undefined;
  }

  function sayWhenUnreachable(): void {
    const ageMs = Math.round(clock.monotonic() - confirmedAt);
    if (ageMs < UNREACHABLE_MS) unreachableSaid = false;
    else if (!unreachableSaid) {
      unreachableSaid = true;
      log.error("directory.unreachable", { ageMs });
    }
  }

  function take(copy: VersionedDirectory, store: Store): void {
    if (current !== undefined && copy.version <= current.version) {
      if (copy.version === current.version) confirmedAt = clock.monotonic();
      return;
    }
    const body = directorySchema.safeParse(copy.body);
    if (!body.success) {
      log.error("defect", { where: `directory ${copy.version} of ${store.set}`, error: body.error.message });
      return;
    }
    const before = current;
    current = createDirectory(copy.version, body.data);
    confirmedAt = clock.monotonic();
    log.info("directory.loaded", { version: copy.version, set: store.set });
    sayChanges(log, known, { before, now: current });
    announce?.();
  }

  for (const store of stores) void refreshFrom(store);
  return {
    current: () => current,
    ageMs: () => clock.monotonic() - confirmedAt,
    stateOf(set) {
      const said = current?.stateOf(set) ?? "up";
      return said === "retired" || standings.isInService(set) ? said : "readonly";
    },
    unknownSets: () => (current === undefined ? [] : unknownOf(current, known)),
    async ready(signal) {
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      await Promise.race([first, aborted]);
      return current;
    },
    async [Symbol.asyncDispose]() {
      // A read that hangs is not waited for: closing its store ends it.
      stop.abort();
    },
  };
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

/** Undefined: it failed, or took too long. */
function inTime<T>(clock: Clock, reading: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const late = clock.after(READ_MS_MAX, () => resolve(undefined));
    reading.then(resolve, () => resolve(undefined)).finally(() => late.cancel());
  });
}

/**
 * Writes a new version to every set that can be reached and returns how many took it. Throws ZodError when `input` is
 * not a directory, so that nothing malformed is ever stored.
 */
export async function writeDirectory(
  stores: readonly Store[],
  version: number,
  input: DirectoryInput,
): Promise<number> {
  directorySchema.parse(input);
  const results = await Promise.allSettled(stores.map((store) => store.directory.write({ version, body: input })));
  return results.filter((result) => result.status === "fulfilled").length;
}
