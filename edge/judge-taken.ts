/** What becomes of a keyed request some of whose names were taken before: the whole of invariant I11's "if". Pure. */
import { isFence, type KeyPlace } from "#core/directory/keyed-set.ts";
import type { SendKeyId, SendRecord } from "#core/store/store.ts";
import type { CommitAnswer, PendingSend } from "./pending-send.ts";

/** When to come back if this process is behind the directory: it looks every second. */
const BEHIND_RETRY_MS = 1_000;

export type TakenVerdict =
  | { readonly type: "answer"; readonly answer: CommitAnswer }
  /** Nothing was sent under the names that were taken: these places are left to go to. */
  | { readonly type: "go_on"; readonly places: readonly KeyPlace[] };

/**
 * A record with ids answers the request. A fence says that nothing was sent under its name and nothing will be: that
 * name is done with. Only the name that the newest list gives at its own set must be free, as a fence there was put by
 * a process that knows a newer list than ours.
 */
export function judgeTaken(
  { fingerprint, places }: Pick<PendingSend, "fingerprint" | "places">,
  taken: ReadonlyMap<SendKeyId, SendRecord>,
): TakenVerdict {
  const [here, ...rest] = places;
  if (here === undefined) return { type: "go_on", places };
  const records = here.names.flatMap((name) => taken.get(name) ?? []);
  const sent = records.find((record) => !isFence(record));
  if (sent !== undefined) return { type: "answer", answer: answerFrom(sent, fingerprint) };

  const newest = here.names.at(-1);
  if (rest.length === 0 && newest !== undefined && taken.has(newest)) {
    return { type: "answer", answer: { type: "unavailable", retryAfterMs: BEHIND_RETRY_MS } };
  }
  const names = here.names.filter((name) => !taken.has(name));
  return { type: "go_on", places: names.length > 0 ? [{ set: here.set, names }, ...rest] : rest };
}

function answerFrom({ fingerprint, ids, at }: SendRecord, ours: string): CommitAnswer {
  return fingerprint === ours ? { type: "accepted", ids, at, replayed: true } : { type: "key_reused" };
}
