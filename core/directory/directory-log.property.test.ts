/**
 * Copies of the directory on three sets, under any order of changes, moves of the home, sets that go away and come
 * back, and copying between any two: in the end all hold the same, and what was acknowledged is there.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { type Store, StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { copyDirectory, latestOf, readHeads } from "./directory-log.ts";
import { type Change, createDirectoryWriter } from "./directory-writer.ts";
import { loadDirectory } from "./read-directory.ts";
import { recordKeys } from "./records.ts";

const names = ["fra1", "sin1", "syd1"] as [SetId, SetId, SetId];
const nth = fc.nat(names.length - 1);
const acts = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("change" as const), writer: nth }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("move" as const), writer: nth, to: nth }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("away" as const), sets: fc.subarray([...names]) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("copy" as const), from: nth, to: nth }) },
  ),
  { maxLength: 60, size: "max" },
);

/** Nothing hangs here: what is away says so, so no timer is ever needed. */
const clock: Clock = {
  now: () => 1_000,
  monotonic: () => 0,
  sleep: async () => undefined,
  after: () => ({ cancel: () => undefined }),
};

function openSet(set: SetId, away: ReadonlySet<SetId>, onUndo: () => void): Store {
  const store = createMemoryStore({ set, region: "syd", clock, random: systemRandom });
  const guard =
    <Args extends readonly unknown[], T>(run: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      if (away.has(set)) throw new StoreError("store_unreachable", `${set} is away`, { retryable: true });
      return run(...args);
    };
  const { head, records, changes, promise, append, undo } = store.directory;
  const counted: typeof undo = (last, under) => {
    onUndo();
    return undo(last, under);
  };
  const guarded = { head: guard(head), changes: guard(changes), promise: guard(promise) };
  return Object.assign(store, { directory: { ...guarded, records, append: guard(append), undo: guard(counted) } });
}

const routes = (provider: string) => [{ prefix: "+", provider: provider as never }];

test("in any order of changes, moves and losses no acknowledged change is lost, and all sets agree", async () => {
  let [moved, dropped, refused] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(acts, async (plan) => {
      const away = new Set<SetId>();
      const stores = names.map((set) => openSet(set, away, () => dropped++));
      const open = () => createDirectoryWriter({ stores, clock, random: systemRandom, actor: "test", mayFound: true });
      const writers = names.map(open);
      const acknowledged: string[] = [];
      const note = (change: Change | undefined): void => {
        if (change?.type === "changed") acknowledged.push(change.at.change);
        if (change?.type === "unavailable") refused++;
      };
      const provider = (i: number) => ({
        writes: [{ kind: "routes" as const, key: recordKeys.routes(), body: routes(`p${i}`) }],
        problems: [],
      });
      note(await writers[0]?.change(() => provider(9_999)));
      for (const [i, act] of plan.entries()) {
        if (act.type === "change") note(await writers[act.writer]?.change(() => provider(i)));
        if (act.type === "away") {
          away.clear();
          for (const set of act.sets) away.add(set);
        }
        if (act.type === "move") {
          const before = acknowledged.length;
          note(await writers[act.writer]?.moveHome(names[act.to] as SetId));
          moved += acknowledged.length - before;
        }
        if (act.type === "copy") await copy(stores, act);
      }
      away.clear();
      // What a move that was broken off has left behind ends with the next change.
      note(await writers[0]?.change(() => provider(10_000)));
      const latest = latestOf(await readHeads(stores, clock));
      const from = stores.find(({ set }) => set === latest?.set);
      if (from === undefined || latest === undefined) throw new Error("nobody has a directory");
      for (const to of stores) await copyDirectory(from, to, latest.promised);
      const logs = await Promise.all(stores.map(allChanges));
      expect(logs[1]).toEqual(logs[0] ?? []);
      expect(logs[2]).toEqual(logs[0] ?? []);
      for (const id of acknowledged) expect(logs[0]).toContain(id);
      const [one, ...others] = await Promise.all(stores.map(loadDirectory));
      for (const other of others) expect(other.record("routes")).toEqual(one?.record("routes") as never);
    }),
    { numRuns: 1_000 },
  );
  // What this is a test of did happen.
  for (const count of [moved, dropped, refused]) expect(count).toBeGreaterThan(0);
});

async function copy(
  stores: readonly Store[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const [source, target] = [stores[from], stores[to]];
  if (source === undefined || target === undefined) return;
  const head = await source.directory.head().catch(() => undefined);
  if (head?.promised === undefined) return;
  await copyDirectory(source, target, head.promised).catch(() => undefined);
}

async function allChanges({ directory }: Store): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let page = await directory.changes({ after: 0 }); page.length > 0; ) {
    ids.push(...page.map(({ id }) => id));
    page = await directory.changes({ after: ids.length });
  }
  return ids;
}
