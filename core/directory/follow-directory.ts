/** Brings every set's copy of the directory to the one that is ahead; the role `worker` does it, any number at once. */
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import { type Store, StoreError } from "../store/store.ts";
import { copyDirectory, latestOf } from "./directory-log.ts";
import type { LiveDirectory } from "./open-directory.ts";
import { isInUse } from "./set-states.ts";

/** How often what the sets have come to is compared, as the live directory has it. */
const LOOK_MS = 1_000;

export async function followDirectory(
  deps: {
    readonly stores: ReadonlyMap<string, Store>;
    readonly directory: Pick<LiveDirectory, "heads" | "stateOf">;
    readonly clock: Clock;
    readonly log: Logger;
  },
  options: { readonly store: Store; readonly signal: AbortSignal },
): Promise<void> {
  const { stores, directory, clock, log } = deps;
  const { store, signal } = options;
  let said: string | undefined;
  while (!signal.aborted) {
    const heads = directory.heads();
    const head = heads.get(store.set);
    const latest = latestOf(heads);
    const from = stores.get(latest?.set ?? "");
    const isBehind = head !== undefined && latest !== undefined && head.at?.change !== latest.at.change;
    if (isBehind && from !== undefined && isInUse(directory.stateOf(store.set))) {
      const failed = await copyDirectory(from, store, latest.promised).then(
        ({ isEqual, dropped }) => {
          for (const { number } of dropped) log.error("directory.dropped", { set: store.set, number });
          return isEqual ? undefined : "promised_to_another_home";
        },
        (error: unknown) => codeOf(error),
      );
      if (failed !== undefined && failed !== said) log.error("directory.not_copied", { set: store.set, code: failed });
      said = failed;
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof StoreError) return error.code;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : "defect";
}
