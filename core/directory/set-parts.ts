/** The sets as parts of a process's readiness, for /readyz. */
import type { SetId } from "#domain/ids.ts";
import type { Store } from "../store/store.ts";
import type { LiveDirectory } from "./open-directory.ts";
import { isInUse } from "./set-states.ts";

/**
 * By `set <id>`, whether each set that is in use answers now. One that the directory names and this process has no
 * address of does not: it has to be started again with all of them. Never rejects.
 */
export async function setParts(
  { bySet }: { readonly bySet: ReadonlyMap<SetId, Store> },
  directory: Pick<LiveDirectory, "stateOf" | "unknownSets">,
): Promise<Readonly<Record<string, boolean>>> {
  const used = [...bySet.values()].filter(({ set }) => isInUse(directory.stateOf(set)));
  const answers = await Promise.allSettled(used.map((store) => store.ping()));
  return Object.fromEntries([
    ...used.map(({ set }, i) => [`set ${set}`, answers[i]?.status === "fulfilled"] as const),
    ...directory.unknownSets().map((set) => [`set ${set}`, false] as const),
  ]);
}
