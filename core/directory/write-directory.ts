/** A whole directory at once: what a first run, the simulation and the tests begin with. */
import { canonicalJson } from "#domain/canonical-json.ts";
import { CHANGE_BYTES_MAX, CHANGE_WRITES_MAX } from "../store/directory-copy.ts";
import { ACCOUNT_DEPTH_MAX } from "./account-tree.ts";
import { changeProblems } from "./check-change.ts";
import { type DirectorySnapshot, emptyDirectory } from "./directory.ts";
import { type Change, createDirectoryWriter, textOf, type WriterDeps } from "./directory-writer.ts";
import { type PriceListInput, priceListSchema } from "./price-list.ts";
import { sortRates } from "./rate-page.ts";
import {
  bodyText,
  type DirectoryInput,
  inputWrites,
  listWrites,
  type ParsedWrites,
  pageKeys,
  type RecordProblem,
  type RecordWrite,
  recordKeys,
  removal,
} from "./records.ts";

/** What is wrong with a directory, each problem on a line of its own. */
export class DirectoryRefusedError extends Error {
  override readonly name = "DirectoryRefusedError";
  readonly code = "directory_refused";
  readonly retryable = false;
  readonly problems: readonly RecordProblem[];

  constructor(problems: readonly RecordProblem[]) {
    super(
      problems.map(({ key, field, message }) => `${[key, field].filter(Boolean).join(" ")}: ${message}`).join("\n"),
    );
    this.problems = problems;
  }
}

/** The directory that `input` says, in memory alone. Throws DirectoryRefusedError. */
export function createDirectory(input: DirectoryInput): DirectorySnapshot {
  const { writes, problems } = difference(emptyDirectory, input, "1");
  const directory = emptyDirectory.with(writes, undefined);
  const wrong = problems.length > 0 ? problems : changeProblems(emptyDirectory, directory, writes);
  if (wrong.length > 0) throw new DirectoryRefusedError(wrong);
  return directory;
}

/**
 * Makes the directory of these sets say what `input` says, in one change if it fits into one. Stops at the first change
 * that is not made, and returns how the last one went. Throws DirectoryRefusedError.
 */
export async function writeDirectory(deps: WriterDeps, input: DirectoryInput): Promise<Change> {
  createDirectory(input);
  const writer = createDirectoryWriter({ ...deps, mayFound: true });
  const version = deps.clock.now().toString(36);
  let parts: readonly (readonly RecordWrite[])[] = [];
  const first = await writer.change((held) => {
    const { writes } = difference(held, input, `${held.version + 1}-${version}`);
    parts = splitWrites(writes.filter((write) => textOf(held, write.key) !== bodyText(write)));
    return { writes: parts[0] ?? [], problems: [] };
  });
  let last = first;
  for (const writes of parts.slice(1)) {
    if (last.type !== "changed" && last.type !== "nothing") return last;
    last = await writer.change(() => ({ writes, problems: [] }));
  }
  if (last.type === "refused") throw new DirectoryRefusedError(last.problems);
  return last;
}

/** What has to be written for `held` to say what `input` says: in an order in which nothing names what is not there. */
function difference(held: DirectorySnapshot, input: DirectoryInput, version: string): ParsedWrites {
  const lists = (input.priceLists ?? []).map((list) =>
    isSame(held, list) ? keptList(held, list) : listWrites(list, version),
  );
  const others = inputWrites({ ...input, accounts: topDown(input.accounts) });
  const wanted = [...lists.flatMap(({ writes }) => writes), ...others.writes];
  const keys = new Set([...wanted.map(({ key }) => key), recordKeys.sets()]);
  const gone = [...held.recordKeys()].filter((key) => !keys.has(key));
  return {
    problems: [...lists.flatMap(({ problems }) => problems), ...others.problems],
    writes: [...wanted, ...gone.sort(byLeaving).map(removal)],
  };
}

/** Numbers before accounts, accounts before lists, lists before their pages. */
const LEAVING = ["number", "account", "list", "rates"];
function byLeaving(a: string, b: string): number {
  const rank = (key: string) => LEAVING.indexOf(key.split("/", 1)[0] ?? "");
  return rank(a) - rank(b);
}

function isSame(held: DirectorySnapshot, input: PriceListInput): boolean {
  const list = priceListSchema.safeParse(input).data;
  const record = list === undefined ? undefined : held.list(list.id);
  if (list === undefined || record === undefined || record.currency !== list.currency) return false;
  return canonicalJson(held.ratesOf(list.id)) === canonicalJson(sortRates(list.rates));
}

/** Its records as they are. */
function keptList(held: DirectorySnapshot, { id }: PriceListInput): ParsedWrites {
  const record = held.list(priceListSchema.shape.id.parse(id));
  const pages = record === undefined ? [] : pageKeys(record);
  const kept = [recordKeys.list(id), ...pages].map((key) => {
    return { kind: key.split("/", 1)[0], key, body: held.record(key) } as RecordWrite;
  });
  return { writes: kept, problems: [] };
}

/** Parents before those below them. */
function topDown(accounts: DirectoryInput["accounts"]): DirectoryInput["accounts"] {
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const depthOf = (account: DirectoryInput["accounts"][number]): number => {
    let depth = 0;
    for (let at = byId.get(account.parent ?? ""); at !== undefined && depth < ACCOUNT_DEPTH_MAX; depth++) {
      at = byId.get(at.parent ?? "");
    }
    return depth;
  };
  const depths = new Map(accounts.map((account) => [account, depthOf(account)]));
  return accounts.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
}

/** In parts that one change can each hold. */
export function splitWrites(writes: readonly RecordWrite[]): readonly (readonly RecordWrite[])[] {
  const parts: RecordWrite[][] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = bodyText(write)?.length ?? 0;
    const last = parts.at(-1);
    if (last === undefined || last.length === CHANGE_WRITES_MAX || bytes + size > CHANGE_BYTES_MAX) {
      parts.push([write]);
      bytes = size;
    } else {
      last.push(write);
      bytes += size;
    }
  }
  return parts;
}
