import { expect, test } from "bun:test";
import { loadDirectory } from "#core/directory/read-directory.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import { changeSet, nameSets } from "#core/directory/set-states.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { createDirectory } from "#core/directory/write-directory.ts";
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { systemClock } from "#domain/clock.ts";
import { e164Schema, senderSchema } from "#domain/e164.ts";
import { setIdSchema } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { DEMO_NUMBERS, demoDirectory, ensureDirectory } from "./platform-directory.ts";

const KEY = `gw_live_demo_${"0".repeat(40)}`;

function createStores() {
  const sets: readonly MemorySet[] = [createMemorySet(), createMemorySet()];
  const shared = { clock: systemClock, random: systemRandom, region: "syd" };
  const stores = sets.map((data, i) => createMemoryStore({ ...shared, set: setIdSchema.parse(`syd${i + 1}`), data }));
  return { stores, versions: () => sets.map((set) => set.directory.changes.length) };
}

test("demoDirectory() lets the demo account send anywhere, at the price of the longest prefix", async () => {
  const directory = createDirectory(await demoDirectory(KEY));
  const account = directory.key("demo")?.account;
  if (account === undefined) throw new Error("the key finds no account");
  for (const [number, prefix] of [
    ["+61491570006", "+61"],
    ["+4915112345678", "+"],
  ] as const) {
    const to = e164Schema.parse(number);
    expect(directory.routes(to)[0]).toMatchObject({ prefix, provider: "sim" });
    const message = { to, from: senderSchema.parse("Shop"), class: "transactional" } as const;
    expect(directory.price(account.id, message, 0)).toMatchObject({ list: "retail", prefix });
  }
  expect(DEMO_NUMBERS.map((number) => directory.accountOfNumber(number))).toEqual([account.id, account.id]);
});

test("demoDirectory() refuses a key that is none", async () => {
  await expect(demoDirectory("secret")).rejects.toThrow("the stored API key");
});

test("ensureDirectory() changes the directory only when the content changes", async () => {
  const { stores, versions } = createStores();
  const first = await demoDirectory(KEY);
  await ensureDirectory(stores, first);
  await ensureDirectory(stores, await demoDirectory(KEY));
  expect(versions()).toEqual([1, 1]);
  await ensureDirectory(stores, { ...first, routes: [] });
  expect(versions()).toEqual([2, 2]);
});

test("ensureDirectory() brings a set that lags behind to where the others are", async () => {
  const { stores, versions } = createStores();
  const input: DirectoryInput = await demoDirectory(KEY);
  const named = nameSets({ sets: [], keyLists: [] }, stores);
  await putDirectory(stores.slice(0, 1), { ...input, ...named, routes: [] });
  await putDirectory(stores.slice(0, 1), { ...input, ...named });
  expect(versions()).toEqual([2, 0]);
  await ensureDirectory(stores, input);
  expect(versions()).toEqual([2, 2]);
});

test("ensureDirectory() leaves the sets in the states that they have", async () => {
  const { stores, versions } = createStores();
  const input: DirectoryInput = await demoDirectory(KEY);
  const [set, region] = [setIdSchema.parse("syd2"), "syd"];
  const sets = changeSet(nameSets({ sets: [], keyLists: [] }, stores), { set, region, state: "drain" }, 1);
  await putDirectory(stores, { ...input, ...sets });
  await ensureDirectory(stores, { ...input, routes: [] });
  expect(versions()).toEqual([2, 2]);
  for (const store of stores) expect(await loadDirectory(store)).toMatchObject({ sets: sets.sets });
});
