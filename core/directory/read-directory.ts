/** One set's copy of the directory as a snapshot, and snapshots that follow its log. */
import { type DirectoryRecord, type DirectoryStamp, stampOf } from "../store/directory-copy.ts";
import type { Store } from "../store/store.ts";
import { type DirectoryLoading, type DirectorySnapshot, loadingDirectory } from "./directory.ts";
import { parseRecord, type RecordWrite } from "./records.ts";

/** A log that changes under the reader again and again: an epoch that begins is read anew once. */
const LOADS_MAX = 3;

/** What a set holds is no directory: a hand in a shell, or a later version of Godwit. */
export class DirectoryMalformedError extends Error {
  override readonly name = "DirectoryMalformedError";
  readonly code = "directory_malformed";
  readonly retryable = false;
}

type Read = Pick<Store, "set" | "directory">;

/** What the set holds now. Throws StoreError and DirectoryMalformedError. */
export async function loadDirectory(store: Read): Promise<DirectorySnapshot> {
  for (let tries = 1; tries <= LOADS_MAX; tries++) {
    const loading = loadingDirectory();
    let since: DirectoryStamp | undefined;
    for await (const page of store.directory.records()) {
      since = page.since.at;
      for (const record of page.records) load(store, loading, record);
    }
    // Changes since then may be in the records or not: in order, and after them, they say how each record is now.
    const log = await readLog(store, since);
    if (log !== undefined) return loading.finish(since).with(lastOfEach(log.writes), log.at);
  }
  throw new DirectoryMalformedError(`Cannot read the directory of ${store.set} as its log changes while it is read`);
}

/** `held` with what the set's log says after it; read anew where that is not the log of `held`. Throws as above. */
export async function followLog(held: DirectorySnapshot, store: Read): Promise<DirectorySnapshot> {
  if (held.at === undefined) return loadDirectory(store);
  const log = await readLog(store, held.at);
  if (log === undefined) return loadDirectory(store);
  return log.at === held.at ? held : held.with(lastOfEach(log.writes), log.at);
}

/** What was written after `after`, in order; undefined: the log of this set does not hold that change. */
async function readLog(store: Read, after: DirectoryStamp | undefined) {
  const writes: RecordWrite[] = [];
  let at = after;
  // With the change itself, which must be the one that we know.
  let page = await store.directory.changes({ after: Math.max(0, (after?.number ?? 0) - 1) });
  if (after !== undefined) {
    if (page[0]?.id !== after.change) return undefined;
    page = page.slice(1);
    if (page.length === 0) page = await store.directory.changes({ after: after.number });
  }
  while (page.length > 0) {
    for (const change of page) {
      if (change.number !== (at?.number ?? 0) + 1) return undefined;
      for (const { key, after: body } of change.writes) writes.push(parse(store, { key, body }));
      at = stampOf(change);
    }
    page = await store.directory.changes({ after: at?.number ?? 0 });
  }
  return { writes, at };
}

function load({ set }: Read, loading: DirectoryLoading, record: DirectoryRecord): void {
  let isRight = false;
  try {
    isRight = loading.add(record);
  } catch {
    // Neither JSON nor numbers where there have to be.
  }
  if (!isRight) throw new DirectoryMalformedError(`Cannot use '${record.key}' of the directory of ${set}`);
}

function lastOfEach(writes: readonly RecordWrite[]): readonly RecordWrite[] {
  return [...new Map(writes.map((write) => [write.key, write])).values()];
}

function parse({ set }: Read, { key, body }: Omit<DirectoryRecord, "body"> & { readonly body: string | null }) {
  const parsed = parseRecord(key, body === null ? null : (JSON.parse(body) as unknown));
  if (parsed.type === "parsed") return parsed.write;
  const [{ field, message } = { field: "", message: "" }] = parsed.problems;
  throw new DirectoryMalformedError(`Cannot use '${key}' of the directory of ${set} as ${field}: ${message}`);
}
