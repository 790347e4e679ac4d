/**
 * The configuration that a replica set keeps of itself: made the first time, changed when its ports have changed. Safe
 * to repeat at any point, also after a crash half-way.
 */
import { type Document, MongoClient, MongoServerError } from "mongodb";
import { askHello } from "./hello.ts";
import { ADMIN_USER } from "./replica-set-users.ts";
import { until } from "./until.ts";

const UNAUTHORIZED = 13;
const ALREADY_INITIALIZED = 23;
const CONNECT_BOUND_MS = 10_000;
const READY_BOUND_MS = 10_000;

/** Elections after 2 s without a primary instead of 10: tests that kill one should not wait long. */
const SETTINGS = { electionTimeoutMillis: 2_000, heartbeatIntervalMillis: 1_000 };

/** Where members listen, and where they and their clients find each other: other ports when proxies stand between. */
export interface MemberPorts {
  readonly ports: readonly number[];
  readonly advertised: readonly number[];
}

/**
 * Sees to it that the running members at `ports`, in this order, are the members of set `name`. Where the set knows
 * other ports of them, its configuration is rewritten by force: the members cannot find each other to agree on it.
 */
export async function configureSet(
  name: string,
  { ports, advertised }: MemberPorts,
  adminPassword: string,
): Promise<void> {
  const hosts = advertised.map((port) => `127.0.0.1:${port}`);
  const hellos = await Promise.all(ports.map(askHello));
  const knows = (known: readonly string[]): boolean => hosts.every((host) => known.includes(host));
  if (hellos.every((hello) => hello?.setName === name && knows(hello.hosts))) return;
  if (await initiate(name, ports[0], hosts)) return;
  await using client = await connectAsAdmin(ports[0], adminPassword);
  const { config } = await client.db("admin").command({ replSetGetConfig: 1 });
  const members = (config.members as readonly Document[]).map((member, index) => ({ ...member, host: hosts[index] }));
  const changed = { ...config, members, version: config.version + 1, settings: { ...config.settings, ...SETTINGS } };
  await client.db("admin").command({ replSetReconfig: changed, force: true });
}

/**
 * Asks the members in turn to stand for election now, for a set that has just been started: by themselves they wait for
 * the election timeout first. Only a hint: when none can follow it, they do just that.
 */
export async function hastenElection(ports: readonly number[], adminPassword: string): Promise<void> {
  try {
    const hasPrimary = await until("the members to be ready for an election", READY_BOUND_MS, async () => {
      const hellos = await Promise.all(ports.map(askHello));
      if (hellos.some((hello) => hello?.isWritablePrimary)) return true;
      return hellos.every((hello) => hello?.secondary) ? false : undefined;
    });
    if (!hasPrimary) await electOne(ports, adminPassword);
  } catch {
    // No admin yet, or an ordinary election was faster.
  }
}

/** One after the other: candidates at the same time would split the votes. */
async function electOne(ports: readonly number[], adminPassword: string): Promise<void> {
  for (const port of ports) {
    await using client = await connectAsAdmin(port, adminPassword);
    const elected = await client
      .db("admin")
      .command({ replSetStepUp: 1 })
      .then(
        () => true,
        () => false, // it lags behind, or another one was first
      );
    if (elected) return;
  }
}

/**
 * Returns false when the set exists already. Needs no login: before the first user there is the localhost exception.
 */
async function initiate(name: string, port: number | undefined, hosts: readonly string[]): Promise<boolean> {
  await using client = await connect(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  const config = {
    _id: name,
    members: hosts.map((host, index) => ({ _id: index, host })),
    settings: SETTINGS,
    writeConcernMajorityJournalDefault: true,
  };
  try {
    await client.db("admin").command({ replSetInitiate: config });
    return true;
  } catch (error) {
    const exists =
      error instanceof MongoServerError && [UNAUTHORIZED, ALREADY_INITIALIZED].includes(Number(error.code));
    if (exists) return false;
    throw error;
  }
}

function connectAsAdmin(port: number | undefined, password: string): Promise<MongoClient> {
  return connect(`mongodb://${ADMIN_USER}:${password}@127.0.0.1:${port}/?directConnection=true&authSource=admin`);
}

function connect(uri: string): Promise<MongoClient> {
  return new MongoClient(uri, { serverSelectionTimeoutMS: CONNECT_BOUND_MS }).connect();
}
