/**
 * Keeps the newest directory in memory: loads it from any reachable set, asks again every few seconds, works on from
 * memory while no set answers, and says how old the copy is. It never waits for a set on a request's path.
 */
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Store, VersionedDirectory } from "../store/store.ts";
import { createDirectory, type Directory, type DirectoryInput, directorySchema } from "./directory.ts";

/** How often every set's copy is looked at. 1 s: a new key works within a second. */
const REFRESH_MS = 1_000;
/** No set has confirmed the copy for this long: worth a line in the log. */
const UNREACHABLE_MS = 10_000;

export interface LiveDirectory extends AsyncDisposable {
  /** The newest snapshot seen; undefined until some set has answered with one. */
  current(): Directory | undefined;
  /** Milliseconds since a set last confirmed it. */
  ageMs(): number;
  /** Resolves with the first snapshot, or undefined when `signal` aborts before. */
  ready(signal: AbortSignal): Promise<Directory | undefined>;
}

export function openDirectory(deps: {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly log: Logger;
}): LiveDirectory {
  const stop = new AbortController();
  let current: Directory | undefined;
  let confirmedAt = deps.clock.monotonic();
  let unreachableSaid = false;
  let announce: (() => void) | undefined;
  const first = new Promise<void>((resolve) => {
    announce = resolve;
  });

  async function refreshFrom(store: Store): Promise<void> {
    while (!stop.signal.aborted) {
      const copy = await store.directory.read().catch(() => undefined);
      if (copy !== undefined && !stop.signal.aborted) take(copy, store);
      sayWhenUnreachable();
      await deps.clock.sleep(REFRESH_MS, stop.signal);
    }
  }

  function sayWhenUnreachable(): void {
    const ageMs = Math.round(deps.clock.monotonic() - confirmedAt);
    if (ageMs < UNREACHABLE_MS) unreachableSaid = false;
    else if (!unreachableSaid) {
      unreachableSaid = true;
      deps.log.error("directory.unreachable", { ageMs });
    }
  }

  function take(copy: VersionedDirectory, store: Store): void {
    if (current !== undefined && copy.version <= current.version) {
      if (copy.version === current.version) confirmedAt = deps.clock.monotonic();
      return;
    }
    const body = directorySchema.safeParse(copy.body);
    if (!body.success) {
      deps.log.error("defect", { where: `directory ${copy.version} of ${store.set}`, error: body.error.message });
      return;
    }
    current = createDirectory(copy.version, body.data);
    confirmedAt = deps.clock.monotonic();
    deps.log.info("directory.loaded", { version: copy.version, set: store.set });
    announce?.();
  }

  for (const store of deps.stores) void refreshFrom(store);
  return {
    current: () => current,
    ageMs: () => deps.clock.monotonic() - confirmedAt,
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
