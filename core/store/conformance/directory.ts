/** The copy of the directory: a log that only grows at its end, whoever writes, and records that are what it says. */
import { expect, test } from "bun:test";
import type { SetId } from "#domain/ids.ts";
import {
  CHANGES_READ_MAX,
  type DirectoryChange,
  type DirectoryStamp,
  type RecordChange,
  stampOf,
} from "../directory-copy.ts";
import type { Store } from "../store.ts";
import { type Bundle, mint } from "./kit.ts";

const [syd, fra] = ["syd1", "fra1"] as [SetId, SetId];
const first = { epoch: 1, home: syd };

export function describeDirectory(setup: () => Bundle): void {
  test("directory: of many that add a change at once one does, and its records are there with it", async () => {
    const { store, other } = setup();
    expect(await store.directory.head()).toEqual({ at: undefined, promised: undefined });
    expect(await readAll(store)).toEqual({});
    for (let number = 1; number <= 3; number++) {
      const { at: after } = await store.directory.head();
      const writers = [store, other, store, other];
      const added = await Promise.all(
        writers.map((each, i) =>
          each.directory.append(change(number, [put("n", `${i}`, null)]), { after, under: first }),
        ),
      );
      expect(added.filter((won) => won)).toHaveLength(1);
      expect(await readAll(other)).toEqual({ n: `${added.indexOf(true)}` });
    }
    const log = await other.directory.changes({ after: 0 });
    expect(log.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test("directory: a change comes back as it was written, and a reader gets a bounded number of them", async () => {
    const { store, other } = setup();
    const start = await latest(store);
    const asked = { ...change(start.number + 1, [put("$a.b", '"$$NOW"', null)]), actor: "$x", request: "r-1" };
    await add(store, asked);
    for (let i = 0; i < CHANGES_READ_MAX; i++) await add(store, change(start.number + 2 + i, [put("c", `${i}`, null)]));
    const page = await other.directory.changes({ after: start.number });
    expect(page).toHaveLength(CHANGES_READ_MAX);
    expect(page[0]).toEqual(asked);
    expect(await other.directory.changes({ after: start.number + CHANGES_READ_MAX + 1 })).toEqual([]);
  });

  test("directory: what is taken back leaves what was before it, and only the last may be", async () => {
    const { store, other } = setup();
    const start = await latest(store);
    const before = await readAll(store);
    const one = change(start.number + 1, [put("a", "1", null), put("b", "2", null)]);
    const two = change(start.number + 2, [put("a", null, "1"), put("b", "3", "2")]);
    await add(store, one);
    await add(store, two);
    expect(await readAll(other)).toEqual({ ...before, b: "3" });
    expect(await store.directory.undo(stampOf(one), first)).toBe(false);
    expect(await other.directory.undo(stampOf(two), first)).toBe(true);
    expect(await other.directory.undo(stampOf(two), first)).toBe(false);
    expect(await readAll(store)).toEqual({ ...before, a: "1", b: "2" });
    expect((await store.directory.head()).at).toEqual(stampOf(one));
    await add(store, { ...two, id: mint.unique() });
  });

  test("directory: what was promised to a higher term is refused under a lower one", async () => {
    const { store, other } = setup();
    const start = await latest(store);
    const second = { epoch: 2, home: fra };
    expect((await store.directory.promise(second)).promised).toEqual(second);
    expect((await other.directory.promise({ epoch: 2, home: "aaa1" as SetId })).promised).toEqual(second);
    const late = change(start.number + 1, [put("late", "1", null)]);
    expect(await store.directory.append(late, { after: start, under: first })).toBe(false);
    expect(await store.directory.undo(start, first)).toBe(false);
    const named = { ...change(start.number + 1, []), ...second };
    expect(await other.directory.append(named, { after: start, under: second })).toBe(true);
    const { at, promised } = await store.directory.head();
    expect([at, promised]).toEqual([stampOf(named), second]);
    // Under a still higher one it is taken, and promised to that.
    const third = { epoch: 3, home: syd };
    const next = { ...change(start.number + 2, []), ...third };
    expect(await other.directory.append(next, { after: at, under: third })).toBe(true);
    expect((await store.directory.head()).promised).toEqual(third);
    expect(Object.keys(await readAll(store))).not.toContain("late");
  });
}

function change(number: number, writes: readonly RecordChange[]): DirectoryChange {
  return { id: mint.unique(), number, ...first, at: 1_000 + number, actor: "test", writes };
}

function put(key: string, after: string | null, before: string | null): RecordChange {
  return { key, before, after };
}

async function latest(store: Store): Promise<DirectoryStamp> {
  const { at } = await store.directory.head();
  if (at === undefined) throw new Error("the copy is empty");
  return at;
}

async function add(store: Store, change: DirectoryChange): Promise<void> {
  const { at } = await store.directory.head();
  expect(await store.directory.append(change, { after: at, under: first })).toBe(true);
}

async function readAll(store: Store): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for await (const { records } of store.directory.records()) {
    for (const { key, body } of records) found[key] = body;
  }
  return found;
}
