/** What is read of a set that somebody has had their hands in, and of one that changes meanwhile. */
import { expect, test } from "bun:test";
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { AccountId, SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { DirectoryMalformedError, followLog, loadDirectory } from "./read-directory.ts";
import { putDirectory } from "./testing/put-directory.ts";

const acme = "acme" as AccountId;
const keys = [{ id: "acme1", secretSha256: "0".repeat(64) }];
const account = (name: string) => ({ id: "acme", name, currency: "EUR", inDoubt: "keep" as const, keys });
const retail = { id: "retail", currency: "EUR", rates: [{ prefix: "+", priceMicros: "0070" }] };
const business = (name: string) => ({
  ...{ accounts: [{ ...account(name), priceList: "retail" }], priceLists: [retail] },
  ...{ routes: [{ prefix: "+", provider: "sim" }], numbers: [{ number: "+6140", account: "acme" }] },
});

function setUp(): { readonly store: Store; readonly data: MemorySet } {
  const data = createMemorySet();
  const base = { clock: systemClock, random: systemRandom };
  return { data, store: createMemoryStore({ ...base, set: "syd1" as SetId, region: "syd", data }) };
}

test("a snapshot that is read, and one that follows the log, say what was written", async () => {
  const { store } = setUp();
  const written = await putDirectory([store], business("One"));
  const read = await loadDirectory(store);
  const now = await putDirectory([store], business("Two"));
  const followed = await followLog(read, store);
  for (const [directory, name] of [
    [written, "One"],
    [read, "One"],
    [now, "Two"],
    [followed, "Two"],
    [await loadDirectory(store), "Two"],
  ] as const) {
    expect(directory.account(acme)).toMatchObject({ name, status: "active", credit: "unlimited" });
    expect(directory.key("acme1")?.account.name).toBe(name);
    expect(directory.ratesOf("retail" as never)).toMatchObject([{ prefix: "+", priceMicros: "70" }]);
    expect(directory.accountOfNumber("+6140")).toBe(acme);
  }
  expect(followed.at).toEqual(now.at as never);
  // The same again is no change.
  expect((await putDirectory([store], business("Two"))).at).toEqual(now.at as never);
});

test.each([
  ["account/acme", "{}"],
  ["account/acme", '{"id":"acme","keys":[{}]}'],
  ["account/acme", "{"],
  ["rates/retail/1/0", '[{"prefix":"+","priceMicros":"dear"}]'],
  ["sets", '{"sets":[{"set":"syd1","region":"syd","state":"asleep"}],"keyLists":[]}'],
  ["rumours", "{}"],
])("what stands under '%s' is no directory: %s", async (key, body) => {
  const { store, data } = setUp();
  const before = await putDirectory([store], business("One"));
  data.directory.records.set(key, body);
  await expect(loadDirectory(store)).rejects.toThrow(DirectoryMalformedError);
  // Who holds a copy goes on with it.
  expect(await followLog(before, store)).toBe(before);
});
