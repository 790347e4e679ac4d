/** A whole edge in memory: test sets, a manual clock, a directory with two accounts, and the app without a socket. */
import { createApiKey } from "#core/directory/api-key.ts";
import type { DirectoryInput } from "#core/directory/records.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import type { Logger } from "#domain/log.ts";
import { type Random, systemRandom } from "#domain/random.ts";
import { createApp } from "../app.ts";
import type { EdgeDeps } from "../edge-deps.ts";
import { createParts } from "../start-edge.ts";
import { createManualClock, type ManualClock, settled } from "./manual-clock.ts";
import { createTestSet, type TestSet } from "./test-set.ts";

export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly sets: readonly TestSet[];
  readonly deps: EdgeDeps;
  /** Log lines as "event {fields}". */
  readonly logged: readonly string[];
  /** A live key of account `acme`, and one of account `other`. */
  readonly key: string;
  readonly otherKey: string;
  readonly drain: () => void;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** POST /v1/messages as `acme`. A string is sent as it stands. */
  send(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Another version of the directory, in force when it resolves. */
  change(edit: (body: WorldDirectory) => DirectoryInput): Promise<void>;
  /** Steps tried on any set. */
  steps(): number;
}

export interface WorldOptions {
  /** Name and region of each set; the edge is in `syd`. */
  readonly sets?: readonly (readonly [set: string, region: string])[];
  readonly random?: Random;
  readonly withDirectory?: boolean;
}

/** Makes keys once for all tests: hashing them is most of the work of building a world. */
const keys = Promise.all([createApiKey("acme1", systemRandom), createApiKey("other1", systemRandom)]);

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const clock = createManualClock();
  const random = options.random ?? systemRandom;
  const names = options.sets ?? [["syd1", "syd"]];
  const sets = names.map(([set, region]) => createTestSet({ set, region, clock, random }));
  const stores = sets.map(({ store }) => store);
  const [acme, other] = await keys;
  if (options.withDirectory !== false) await putDirectory(stores, directoryOf(acme, other));

  const logged: string[] = [];
  const line = (name: string, fields: object): void => void logged.push(`${name} ${JSON.stringify(fields)}`);
  const log: Logger = { info: line, error: line };
  const config = { region: "syd", host: "127.0.0.1", port: 0, drainNoticeMs: 0 };
  const parts = createParts({ config, stores, clock, random, log });
  const app = createApp(parts.deps);
  await settled();

  const fetch = async (path: string, init?: RequestInit): Promise<Response> => app.request(path, init);
  return {
    clock,
    sets,
    deps: parts.deps,
    logged,
    key: acme.text,
    otherKey: other.text,
    drain: parts.drain,
    fetch,
    send: (body, headers = {}) =>
      fetch("/v1/messages", {
        method: "POST",
        headers: { authorization: `Bearer ${acme.text}`, "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async change(edit) {
      await putDirectory(stores, edit(directoryOf(acme, other)));
      await clock.advance(DIRECTORY_REFRESH_MS);
    },
    steps: () => sets.reduce((sum, { steps }) => sum + steps.length, 0),
    async [Symbol.asyncDispose]() {
      for (const set of sets) {
        set.mode = "fails";
        set.release("fails");
      }
      await settled();
      await parts.close();
    },
  };
}

/** After so long every process has looked. */
const DIRECTORY_REFRESH_MS = 1_000;

type WorldDirectory = ReturnType<typeof directoryOf>;
type Key = Awaited<ReturnType<typeof createApiKey>>;

export function directoryOf(acme: Key, other: Key) {
  const account = (id: string, key: Key) => ({
    id,
    name: id,
    currency: "AUD",
    inDoubt: "keep" as const,
    keys: [{ id: key.id, secretSha256: key.secretSha256 }],
    priceList: "retail",
  });
  return {
    accounts: [account("acme", acme), account("other", other)] satisfies [unknown, unknown],
    priceLists: [{ id: "retail", currency: "AUD", rates: [{ prefix: "+", priceMicros: "45000" }] }],
    routes: [{ prefix: "+", provider: "loop" }],
    numbers: [
      { number: "+61480000001", account: "acme" },
      { number: "+61480000002", account: "other" },
    ],
  };
}

/** A request that is accepted. */
export const VALID = { to: "+61491570006", from: "Godwit", text: "Hello from the estuary" } as const;
