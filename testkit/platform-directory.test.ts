import { expect, test } from "bun:test";
import { createDirectory, type DirectoryInput, directorySchema } from "#core/directory/directory.ts";
import { changeSet, nameSets } from "#core/directory/set-states.ts";
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
  return { stores, versions: () => sets.map((set) => set.directory?.version) };
}

test("demoDirectory() lets the demo account send anywhere, at the price of the longest prefix", async () => {
  const directory = createDirectory(1, directorySchema.parse(await demoDirectory(KEY)));
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

test("ensureDirectory() raises the version only when the content changes", async () => {
  const { stores, versions } = createStores();
  const first = await demoDirectory(KEY);
  await ensureDirectory(stores, first);
  await ensureDirectory(stores, await demoDirectory(KEY));
  expect(versions()).toEqual([1, 1]);
  await ensureDirectory(stores, { ...first, routes: [] });
  expect(versions()).toEqual([2, 2]);
});

test("ensureDirectory() gives a set that lags behind the version that the others have", async () => {
  const { stores, versions } = createStores();
  const [first] = stores;
  const input: DirectoryInput = await demoDirectory(KEY);
  await first?.directory.write({ version: 7, body: { ...input, ...nameSets({ sets: [], keyLists: [] }, stores) } });
  await ensureDirectory(stores, input);
  expect(versions()).toEqual([7, 7]);
});

test("ensureDirectory() leaves the sets in the states that they have", async () => {
  const { stores } = createStores();
  const [first] = stores;
  const input: DirectoryInput = await demoDirectory(KEY);
  const [set, region] = [setIdSchema.parse("syd2"), "syd"];
  const sets = changeSet(nameSets({ sets: [], keyLists: [] }, stores), { set, region, state: "drain" }, 1);
  await first?.directory.write({ version: 3, body: { ...input, ...sets } });
  await ensureDirectory(stores, { ...input, routes: [] });
  for (const store of stores) expect(await store.directory.read()).toMatchObject({ version: 4, body: sets });
});
