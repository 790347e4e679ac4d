/**
 * The role `smpp` as a process of its own over a real replica set, with one account that may bind, and whatever takes a
 * message further played in a few lines: every message that is accepted is delivered at once, and told to who waits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirectoryInput } from "#core/directory/records.ts";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import { setupMongoSchemaAt } from "#core/store/mongo/schema.ts";
import type { Store } from "#core/store/store.ts";
import { deliverChunks, noticeChunks, noticesOf } from "#core/worker/notices.ts";
import { systemClock } from "#domain/clock.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type ProviderId, type SetId, type WriterId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import type { SmppAccount } from "./peers/kannel.ts";
import { freePorts } from "./ports.ts";
import { createRoleProcess, type RoleProcess } from "./role-process.ts";
import { openTestServers, type TestSet } from "./servers.ts";

type Accepted = EventOf<"accepted">;

export interface SmppEdgeProcess extends AsyncDisposable {
  readonly role: RoleProcess;
  readonly account: SmppAccount;
  /** The set behind it. */
  readonly store: Store;
  /** All that was accepted, in no particular order; it looks once more before it answers. */
  accepted(): Promise<readonly Accepted[]>;
  /** A handset has written this to a number of the account: what a worker commits for each of its parts. */
  reply(parts: readonly ReplyPart[]): Promise<void>;
  /** Receipts and replies that the customer has not taken. */
  waiting(): Promise<number>;
  /** The sum of a metric over those of its samples whose labels fit; undefined when there is none. */
  metric(name: string, fits?: (labels: string) => boolean): Promise<number | undefined>;
}

export interface ReplyPart {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly concat?: { readonly reference: number; readonly total: number; readonly index: number };
}

export interface SmppEdgeProcessOptions {
  /** Of the account, beside its credential. */
  readonly smpp?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** False: nothing that was accepted goes any further. */
  readonly delivers?: boolean;
}

const ACCOUNT = "acme" as AccountId;
/** What the fuzz binds with too, now and then by chance. */
const SYSTEM_ID = "esme";
const PASSWORD = "secret";
const PROVIDER = "sim" as ProviderId;
const READY_MS = 30_000;
const LOOK_MS = 20;
const READ_BATCHES = 1_000;
const MAIN = join(import.meta.dir, "../edge/smpp/main.ts");
const shared = { clock: systemClock, random: systemRandom, log: silentLogger };

async function directoryOf(smpp: object): Promise<DirectoryInput> {
  const credential = { systemId: SYSTEM_ID, passwordSha256: await hashSmppPassword(SYSTEM_ID, PASSWORD) };
  return {
    accounts: [
      {
        id: ACCOUNT,
        name: "Acme",
        currency: "AUD",
        inDoubt: "keep",
        keys: [],
        priceList: "retail",
        smpp: { ...credential, ...smpp },
      },
    ],
    priceLists: [{ id: "retail", currency: "AUD", rates: [{ prefix: "+", priceMicros: "1" }] }],
    routes: [{ prefix: "+", provider: PROVIDER }],
    numbers: [],
  };
}

/** Bindable once it resolves. */
export async function openSmppEdgeProcess(options: SmppEdgeProcessOptions = {}): Promise<SmppEdgeProcess> {
  await using opening = new AsyncDisposableStack();
  const servers = opening.use(await openTestServers({ sets: 1, postgres: false }));
  const [set] = servers.sets;
  if (set === undefined) throw new Error("No set was given to the test");
  await setupMongoSchemaAt(set.uri, set.database);
  const config = { set: set.name as SetId, region: set.region, uri: set.uri, database: set.database };
  const store = opening.use(await openMongoStore({ ...config, ...shared, owner: "provider", writers: 2 }));
  await putDirectory([store], await directoryOf(options.smpp ?? {}));
  const { role, port } = await createRole(opening, set, options.env ?? {});
  await role.restart();
  await role.waitForReady(READY_MS);
  const mint = createIdMint(shared);
  const follower = followAccepted(store);
  if (options.delivers !== false) opening.use(deliverAll(follower, store));
  const held = opening.move();
  return {
    role,
    store,
    account: { host: "127.0.0.1", port, systemId: SYSTEM_ID, password: PASSWORD },
    accepted: async () => [...(await follower.catchUp())],
    async reply(parts) {
      const since = systemClock.now();
      const items = parts.map((part) => ({
        ...{ ...part, type: "reply" as const, id: mint.unique(), account: ACCOUNT, since, tries: 0 },
      }));
      await store.commit({ chunks: deliverChunks(mint, items) });
    },
    async waiting() {
      return (await store.depth()).get(`deliver.${ACCOUNT}` as never)?.items ?? 0;
    },
    metric: (name, fits = () => true) => readMetric(`${role.url}/metrics`, name, fits),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function createRole(opening: AsyncDisposableStack, set: TestSet, env: Readonly<Record<string, string>>) {
  const [port = 0, health = 0] = await freePorts(2);
  const dir = mkdtempSync(join(tmpdir(), "godwit-smpp-"));
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  const role = createRoleProcess({
    name: "smpp",
    command: [process.execPath, MAIN],
    env: {
      GODWIT_SETS: JSON.stringify([{ set: set.name, region: set.region, uri: set.uri, database: set.database }]),
      GODWIT_REGION: set.region,
      GODWIT_SMPP_PORT: `${port}`,
      GODWIT_SMPP_HEALTH_PORT: `${health}`,
      ...env,
    },
    dir,
    url: `http://127.0.0.1:${health}`,
  });
  opening.defer(() => role.stop());
  return { role, port };
}

/** Reads on from where it was, one reader at a time. */
function followAccepted(store: Store) {
  const all = new Set<Accepted>();
  const positions = new Map<WriterId, number>();
  let reading: Promise<ReadonlySet<Accepted>> = Promise.resolve(all);

  async function readOn(): Promise<ReadonlySet<Accepted>> {
    for (const { writer } of await store.events.writers()) if (!positions.has(writer)) positions.set(writer, 0);
    for (;;) {
      const batches = await store.events.read(positions, READ_BATCHES);
      for (const { writer, sequence, events } of batches) {
        positions.set(writer, sequence);
        for (const event of events) if (event.type === "accepted") all.add(event);
      }
      if (batches.length === 0) return all;
    }
  }
  return {
    catchUp(): Promise<ReadonlySet<Accepted>> {
      reading = reading.then(readOn);
      return reading;
    },
  };
}

/** What workers and connectors would make of it, in one step. */
function deliverAll(follower: ReturnType<typeof followAccepted>, store: Store): AsyncDisposable {
  const stop = new AbortController();
  const done = new Set<Accepted>();
  const mint = createIdMint(shared);

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const fresh = [...(await follower.catchUp())].filter((one) => !done.has(one));
      const at = systemClock.now();
      const events = fresh.flatMap((one) => deliveredOf(one, at));
      const waiting = new Map(fresh.flatMap(({ message, account, receipt }) => (receipt ? [[message, account]] : [])));
      if (events.length > 0) await store.commit({ events, chunks: noticeChunks(mint, noticesOf(events, waiting), at) });
      for (const one of fresh) done.add(one);
      await systemClock.sleep(LOOK_MS, stop.signal);
    }
  }
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

function deliveredOf({ message, segments }: Accepted, at: number): readonly MessageEvent[] {
  return Array.from({ length: segments }, (_, segment) => ({
    ...{ type: "delivered" as const, message, at, segment, provider: PROVIDER, error: "" },
    providerMessageId: `${message}-${segment}`,
  }));
}

async function readMetric(url: string, name: string, fits: (labels: string) => boolean) {
  const text = await (await fetch(url, { keepalive: false })).text();
  const values = text.split("\n").flatMap((line) => {
    const [, own, labels = "", value] = /^([a-z_]+)(\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    return own === name && value !== undefined && fits(labels) ? [Number(value)] : [];
  });
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
