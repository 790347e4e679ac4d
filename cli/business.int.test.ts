/** `godwit accounts`, `keys`, `prices` and `changes` on two real sets. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { hashSecret, parseApiKey } from "#core/directory/api-key.ts";
import { loadDirectory } from "#core/directory/read-directory.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { AccountId, PriceListId, SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { addAccountsCommand } from "./accounts.ts";
import { addChangesCommand } from "./changes.ts";
import { addPricesCommand } from "./prices.ts";

const TEST_MS = 60_000;
const stack = new AsyncDisposableStack();
let stores: readonly Store[];
let env: Readonly<Record<string, string>>;
let dir: string;

beforeAll(async () => {
  const servers = stack.use(await openTestServers({ sets: 2, postgres: false }));
  const sets = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
  for (const { uri, database } of sets) await setupMongoSchemaAt(uri, database);
  const shared = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 1 };
  stores = [...stack.use(await openMongoStores(sets, shared)).bySet.values()];
  await putDirectory(stores, { accounts: [], routes: [{ prefix: "+", provider: "sim" }], numbers: [] });
  env = { GODWIT_SETS: JSON.stringify(sets), USER: "ann" };
  dir = mkdtempSync(join(tmpdir(), "godwit-prices-"));
}, TEST_MS);
afterAll(async () => {
  await stack.disposeAsync();
  rmSync(dir, { recursive: true, force: true });
}, TEST_MS);

/** Runs `godwit …` in this process. */
async function godwit(...args: readonly string[]) {
  const told = { code: 0, out: "", err: "" };
  const host = {
    env,
    stdout: { write: (text: string) => (told.out += text) },
    stderr: { write: (text: string) => (told.err += text) },
    exit: (code: number) => {
      told.code = code;
    },
  };
  const program = new Command("godwit");
  for (const add of [addAccountsCommand, addPricesCommand, addChangesCommand]) add(program, host);
  await program.parseAsync([...args], { from: "user" });
  return told;
}

function file(csv: string): string {
  const path = join(dir, "rates.csv");
  writeFileSync(path, csv);
  return path;
}
const latest = async () => loadDirectory(stores[1] as Store);

test(
  "a price list comes from a file, shows what would change, and is exported as it came",
  async () => {
    const first = file("prefix,price,class,sender,from,refund\n+61,0.045,,,,undelivered\n+,0.09,,,,\n+1,0.01,,,,\n");
    expect((await godwit("prices", "import", "retail", first)).err).toBe(
      "'retail' is a new price list: say its --currency, such as EUR.\n",
    );
    const preview = await godwit("prices", "import", "retail", first, "--currency", "EUR");
    expect(preview.out).toBe(
      [
        "+ +: 0.09 EUR",
        "+ +1: 0.01 EUR",
        "+ +61: 0.045 EUR, refund undelivered",
        "0 changed, 3 added, 0 removed, 0 as they were.",
        "Nothing is changed yet: say it again with --yes.\n",
      ].join("\n"),
    );
    expect((await latest()).list("retail" as PriceListId)).toBeUndefined();
    const made = await godwit("prices", "import", "retail", first, "--currency", "EUR", "--yes");
    expect([made.code, made.out]).toEqual([0, expect.stringContaining("'retail' has these 3 rates by change")]);

    const next = file("prefix,price\n+,0.09\n+61,0.05\n+44,0.02\n");
    const changed = await godwit("prices", "import", "retail", next, "--yes");
    expect(changed.out).toContain(
      "~ +61: 0.045 EUR, refund undelivered becomes 0.05 EUR\n+ +44: 0.02 EUR\n- +1: 0.01 EUR\n",
    );
    const csv = "prefix,price,class,sender,from,refund\n+,0.09,,,,\n+44,0.02,,,,\n+61,0.05,,,,\n";
    expect((await godwit("prices", "export", "retail")).out).toBe(csv);
    // Of the rates that it had nothing is left.
    expect([...(await latest()).recordKeys()].filter((key) => key.startsWith("rates/"))).toHaveLength(1);

    const wrong = await godwit("prices", "import", "retail", file("prefix,price\n+61,dear\n61,1\n"), "--yes");
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("line 2: price 'dear' is no amount")]);
    expect(wrong.err).toContain("line 3: prefix '61'");
    expect((await godwit("prices", "export", "retail")).out).toBe(csv);
  },
  TEST_MS,
);

test(
  "a list of many pages is in force as a whole",
  async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => `+${100_000 + i},${(i % 90) + 1}`);
    const many = file(["prefix,price", ...lines].join("\n"));
    expect(await godwit("prices", "import", "wide", many, "--currency", "EUR", "--yes")).toMatchObject({ code: 0 });
    const table = (await godwit("prices", "list")).out;
    expect(table).toMatch(/wide +EUR +5000 +0/);
    expect((await latest()).ratesOf("wide" as PriceListId)).toHaveLength(5_000);
  },
  TEST_MS,
);

test(
  "an account is opened, changed, given keys, and shown with what counts of those above it",
  async () => {
    const shop = ["--currency", "EUR", "--parent", "reseller", "--prices", "retail", "--credit", "limited"];
    expect((await godwit("accounts", "add", "shop", ...shop)).err).toBe(
      "account/shop parent: there is no account 'reseller': make it first\n",
    );
    const opened = await godwit("accounts", "add", "reseller", "--currency", "EUR", "--name", "Re Seller");
    expect([opened.code, opened.out]).toEqual([0, expect.stringContaining("reseller is an account by change")]);
    expect(await godwit("accounts", "add", "shop", ...shop)).toMatchObject({ code: 0, err: "" });
    expect((await godwit("accounts", "add", "shop", ...shop)).err).toContain("There is an account 'shop' already.");
    expect((await godwit("accounts", "add", "other", "--currency", "AUD", "--prices", "retail")).err).toContain(
      "'retail' is in EUR and the account in AUD: give it a list in AUD",
    );

    const [one, two] = [await godwit("keys", "add", "shop", "--json"), await godwit("keys", "add", "shop", "--json")];
    const { id, key } = JSON.parse(one.out) as { readonly id: string; readonly key: string };
    const proof = (await latest()).key(id);
    expect(proof).toMatchObject({
      account: { id: "shop" },
      key: { secretSha256: await hashSecret(parseApiKey(key)?.secret ?? "") },
    });
    expect(JSON.stringify(proof)).not.toContain(key.slice(-40));
    expect(await godwit("keys", "remove", "shop", id)).toMatchObject({ code: 0 });
    expect((await latest()).key(id)).toBeUndefined();
    expect((await latest()).account("shop" as AccountId)?.keys).toMatchObject([{ id: JSON.parse(two.out).id }]);
    expect((await godwit("keys", "remove", "shop", id)).err).toBe(`shop has no key '${id}'.\n`);

    const until = ["--expires", "2027-01-01T00:00:00Z", "--scopes", "read"];
    expect(await godwit("keys", "add", "shop", ...until)).toMatchObject({ code: 0, err: "" });
    const listed = (await godwit("keys", "list", "shop")).out;
    expect(listed).toMatch(/KEY +STATE +SCOPES +EXPIRES\n\w+ +live +send,read +-\n/);
    expect(listed).toMatch(/\w+ +live +read +2027-01-01T00:00:00.000Z\n/);

    expect(await godwit("accounts", "change", "reseller", "--status", "suspended")).toMatchObject({ code: 0 });
    const table = (await godwit("accounts", "list")).out;
    expect(table).toMatch(/ACCOUNT +BELOW +STATUS +CURRENCY +CREDIT +PRICES +KEYS +NAME/);
    expect(table).toMatch(/shop +reseller +suspended +EUR +limited +retail +2 +shop/);
    expect((await godwit("accounts", "list", "--below", "shop", "--json")).out.trim().split("\n")).toHaveLength(1);
    expect((await godwit("accounts", "change", "reseller", "--parent", "shop")).err).toContain("is below itself");
    expect((await godwit("accounts", "change", "reseller")).err).toContain("Say what to change");
    expect((await godwit("accounts", "change", "nobody", "--name", "N")).err).toBe("There is no account 'nobody'.\n");
  },
  TEST_MS,
);

test(
  "who changed what, from what and to what, is kept",
  async () => {
    const table = (await godwit("changes", "--max", "3")).out;
    expect(table).toMatch(/CHANGE +TIME \(UTC\) +WHO +WHAT/);
    expect(table).toMatch(/ann +~ account\/reseller\n$/);
    const lines = (await godwit("changes", "--max", "1", "--json")).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        actor: "ann",
        records: [{ key: "account/reseller", before: { status: "active" }, after: { status: "suspended" } }],
      },
    ]);
    const first = (await godwit("changes", "--after", "0", "--max", "1")).out;
    expect(first).toMatch(/1 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +test +\+ routes/);
  },
  TEST_MS,
);
