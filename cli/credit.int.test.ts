/** `godwit credit`, and what workers make of it, on two real sets: 50 senders at once at the end of their credit. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Command } from "commander";
import { openDirectory } from "#core/directory/open-directory.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { createWorkerCredit } from "#core/worker/credit-search.ts";
import { inboxItem, provider, setup } from "#core/worker/testing/bench.ts";
import { runWorker } from "#core/worker/worker.ts";
import { systemClock } from "#domain/clock.ts";
import { type AccountId, createIdMint, type MessageId, type SetId, setOfMessage } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { until } from "#testkit/until.ts";
import { addCreditCommand } from "./credit.ts";

const SENDERS = 50;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const [shop, reseller, lonely] = ["shop", "reseller", "lonely"] as string[] as [AccountId, AccountId, AccountId];
const account = { name: "A", currency: "EUR", inDoubt: "resend" as const, keys: [], credit: "limited" as const };
const rate = (priceMicros: string) => [{ prefix: "+", priceMicros }];

let env: Record<string, string>;
let stores: readonly Store[];
let uris: readonly { readonly set: SetId; readonly region: string; readonly uri: string; readonly database: string }[];
const stack = new AsyncDisposableStack();
const shared = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "test", writers: 4 };

beforeAll(async () => {
  const servers = stack.use(await openTestServers({ sets: 2, postgres: false }));
  uris = servers.sets.map(({ name, region, uri, database }) => ({ set: name as SetId, region, uri, database }));
  for (const { uri, database } of uris) await setupMongoSchemaAt(uri, database);
  stores = [...stack.use(await openMongoStores(uris, shared)).bySet.values()];
  env = { GODWIT_SETS: JSON.stringify(uris), USER: "ada" };
  await putDirectory(stores, {
    accounts: [
      { ...account, id: reseller, priceList: "wholesale" },
      { ...account, id: shop, parent: reseller, priceList: "retail" },
      { ...account, id: lonely, priceList: "retail" },
    ],
    priceLists: [
      { id: "retail", currency: "EUR", rates: rate("70000") },
      { id: "wholesale", currency: "EUR", rates: rate("50000") },
    ],
    routes: [{ prefix: "+", provider }],
    numbers: [],
    sets: uris.map(({ set, region }) => ({ set, region, state: "up" as const })),
  });
}, 180_000);
afterAll(() => stack.disposeAsync(), 60_000);

/** Runs `godwit credit …` in this process. */
async function credit(...args: readonly string[]) {
  const told = { code: 0, out: "", err: "" };
  const program = new Command("godwit").exitOverride().configureOutput({ writeErr: () => undefined });
  addCreditCommand(program, {
    env,
    stdout: { write: (text) => (told.out += text) },
    stderr: { write: (text) => (told.err += text) },
    exit: (code) => {
      told.code = code;
    },
  });
  await program.parseAsync(["credit", ...args], { from: "user" });
  return told;
}
const shown = async (id: AccountId) => JSON.parse((await credit("show", id, "--json")).out) as Record<string, unknown>;

/** A worker of its own on these sets, until it is disposed. */
async function startWorker(sets: typeof uris): Promise<AsyncDisposable> {
  const opened = await openMongoStores(sets, shared);
  const directory = openDirectory({ stores: [...opened.bySet.values()], clock: systemClock, log: silentLogger });
  const means = { ...setup().context, stores: opened.bySet, directory, clock: systemClock, random: systemRandom, mint };
  const stop = new AbortController();
  const running = runWorker({ ...means, ...createWorkerCredit(means) }, { owner: "worker", signal: stop.signal });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await directory[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** One message each, at once. */
async function send(from: AccountId, to: readonly Store[], count = SENDERS): Promise<readonly MessageId[]> {
  const sends = Array.from({ length: count }, async (_, i) => {
    const store = to[i % to.length];
    if (store === undefined) throw new Error("no set");
    const id = mint.messageId(store.set);
    const chunk = { id: mint.chunkId(), lane: lanes.inbox("bulk"), items: [inboxItem(id, { account: from })] };
    expect((await store.commit({ chunks: [chunk] })).type).toBe("committed");
    return id;
  });
  return Promise.all(sends);
}

async function endsOf(ids: readonly MessageId[]): Promise<readonly string[]> {
  return until("an end for every message", 60_000, async () => {
    const ends = await Promise.all(
      ids.map(async (id) => {
        const store = stores.find(({ set }) => set === setOfMessage(id));
        const events = (await store?.events.ofMessage(id)) ?? [];
        const refusal = events.find((event) => event.type === "rejected");
        return events.some(({ type }) => type === "billed") ? "billed" : refusal?.reason;
      }),
    );
    return ends.every((end) => end !== undefined) ? (ends as readonly string[]) : undefined;
  });
}
const counted = (ends: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(ends, (end) => end)].map(([end, all]) => [end, all.length]));

test("of 50 senders at once on two sets exactly those go out that can be paid for at every level", async () => {
  await using stop = new AsyncDisposableStack();
  for (let i = 0; i < 2; i++) stop.use(await startWorker(uris));
  // 31 messages by the shop's own price, and 27 by what its reseller has.
  expect(await credit("pay", shop, "2.199999")).toMatchObject({ code: 0, err: "" });
  expect(await credit("pay", reseller, "1.36", "--note", "March")).toMatchObject({ code: 0, err: "" });
  const ends = await endsOf(await send(shop, stores));
  expect(counted(ends)).toEqual({ billed: 27, insufficient_credit: 23 });
  expect(await shown(shop)).toMatchObject({ balanceMicros: `${2_199_999 - 27 * 70_000}`, onItsWayMicros: "0" });
  expect(await shown(reseller)).toMatchObject({ balanceMicros: "10000", spendableMicros: "10000" });

  // And what comes in later is spent to the last message too.
  await credit("transfer", reseller, shop, "0.01");
  await credit("limit", reseller, "0.1");
  const more = await endsOf(await send(shop, stores, 10));
  expect(counted(more)).toEqual({ billed: 2, insufficient_credit: 8 });
  expect(await shown(reseller)).toMatchObject({
    balanceMicros: "-100000",
    spendableMicros: "0",
    limitMicros: "100000",
  });
}, 120_000);

test("while a set is away no more goes out than the others hold", async () => {
  const [near, far] = stores as [Store, Store];
  {
    await using _ = await startWorker(uris);
    await credit("pay", lonely, "3.5");
    await until("its part on both sets", 20_000, async () => (await shown(lonely)).onItsWayMicros === "0" || undefined);
  }
  // Nobody listens at port 1.
  const cut = uris.map((each) =>
    each.set === far.set ? { ...each, uri: "mongodb://127.0.0.1:1/?replicaSet=away" } : each,
  );
  await using _ = await startWorker(cut);
  const ends = await endsOf(await send(lonely, [near]));
  expect(counted(ends)).toEqual({ billed: 25, credit_unreachable: 25 });
}, 120_000);

test("a change is done once under its id, and nothing is taken that is not there", async () => {
  await using _ = await startWorker(uris);
  const before = BigInt((await shown(shop)).balanceMicros as string);
  const again = async () => JSON.parse((await credit("pay", shop, "5", "--id", "invoice-7", "--json")).out) as object;
  expect(await again()).toMatchObject({ id: "invoice-7", done: "changed" });
  expect(await again()).toMatchObject({ id: "invoice-7", done: "repeated" });
  expect(BigInt((await shown(shop)).balanceMicros as string) - before).toBe(5_000_000n);
  const refused = await credit("pay", shop, "-100");
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toMatch(/^Nothing was changed: shop may spend \d+\.\d+ EUR\.\n$/);
  expect((await credit("transfer", shop, lonely, "1")).err).toContain("neither right above nor right below shop");
  expect((await credit("show", "nobody")).err).toBe("There is no account 'nobody'.\n");
  await expect(credit("pay", shop, "1.0000001")).rejects.toThrow("at most 6 decimals");
  const lines = (await credit("show", shop)).out;
  expect(lines).toMatch(/^shop: balance \d+\.\d{2,} EUR, limit 0\.00 EUR, may spend/);
}, 120_000);
