/**
 * A MongoDB replica set of three real members on this machine, with authentication, elections and journals as in
 * production: closed → open (all members healthy) → closed. Its data folder keeps members, keys and passwords, so that
 * it is found again on the next opening. It never has an arbiter, and never listens beyond 127.0.0.1.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { MongoClient } from "mongodb";
import { lockDataDir } from "./data-dir-lock.ts";
import { askHello } from "./hello.ts";
import { createMember, type Member, stopLeftoverMember } from "./member.ts";
import { freePorts, isFree } from "./ports.ts";
import { configureSet, hastenElection } from "./replica-set-config.ts";
import { ADMIN_USER, type MongoRole, type MongoUser, provisionUsers } from "./replica-set-users.ts";
import { until } from "./until.ts";

const MEMBERS = 3;
/** First election, or recovery and catch-up after a crash. */
const HEALTHY_BOUND_MS = 60_000;
const STEP_DOWN_SECONDS = 10;
const SECRET_BYTES = 48;
const SET_FILE = "set.json";

export interface ReplicaSetOptions {
  /** The replSet name, such as "syd1". */
  readonly name: string;
  readonly region: string;
  readonly dataDir: string;
  /** Three fixed ports. Default: those of the last opening if they are free, else free ones. */
  readonly ports?: readonly number[] | undefined;
  /** Where members and clients find the members, when that is not where they listen: proxies, already listening. */
  readonly advertisedPorts?: readonly number[] | undefined;
  readonly mongodPath: string;
  /** WiredTiger cache of each member; mongod's own minimum is 256. */
  readonly cacheMegabytes?: number;
  /** Upper size of the oplog of each member, which grows to it only as it is written. */
  readonly oplogMegabytes?: number;
  readonly users: readonly MongoUser[];
  readonly customRoles?: readonly MongoRole[];
  readonly log?: (line: string) => void;
}

export interface ReplicaSet extends AsyncDisposable {
  readonly name: string;
  readonly region: string;
  readonly members: readonly Member[];
  /** Connection string of a user given at opening, `extra` as further options. Throws for a user it does not know. */
  uri(user: string, extra?: Readonly<Record<string, string>>): string;
  /** Connection string of the superuser. */
  readonly adminUri: string;
  /** The member that takes writes now; throws when there is none. */
  primary(): Promise<Member>;
  waitForPrimary(timeoutMs: number): Promise<Member>;
  /** Returns once all members are primary or secondary and there is a primary; throws after `timeoutMs`. */
  waitForHealthy(timeoutMs: number): Promise<void>;
  /** Makes the primary hand over, and not come back for 10 s; returns when it has, before another one is elected. */
  stepDown(): Promise<void>;
}

/** What a data folder remembers of its set. */
interface StoredSet {
  readonly name: string;
  readonly ports: readonly number[];
}

/**
 * Opens the set in `dataDir`, making it there the first time; afterwards the same members, data and passwords come
 * back, on other ports if so asked. Members that a dead run left behind are stopped first. Users and roles are created
 * or brought up to date each time. Dispose to stop all members cleanly; the data stays. Throws DataInUseError,
 * PortTakenError, ServerStartError or WaitTimeoutError, and leaves nothing running then.
 */
export async function openReplicaSet(options: ReplicaSetOptions): Promise<ReplicaSet> {
  const dataDir = resolve(options.dataDir);
  await using opening = new AsyncDisposableStack();
  opening.use(lockDataDir(dataDir));
  const stored = readStored(dataDir, options.name);
  await Promise.all(memberDirs(dataDir).map(stopLeftoverMember));
  const ports = await choosePorts(options.ports, stored);
  const keyFile = secretFile(dataDir, "key-file");
  const adminPassword = readFileSync(secretFile(dataDir, "admin-password"), "utf8");
  const members = memberDirs(dataDir).map((memberDir, index) =>
    createMember({
      index,
      port: ports[index] ?? 0,
      dataDir: memberDir,
      mongodPath: options.mongodPath,
      setName: options.name,
      keyFile,
      cacheMegabytes: options.cacheMegabytes ?? 256,
      oplogMegabytes: options.oplogMegabytes ?? 512,
    }),
  );
  opening.defer(() => stopAll(members));
  await startAll(members);
  const set = describeSet(options, members, adminPassword);
  await configureSet(options.name, { ports, advertised: options.advertisedPorts ?? ports }, adminPassword);
  if (stored) await hastenElection(ports, adminPassword);
  writeFileSync(join(dataDir, SET_FILE), JSON.stringify({ name: options.name, ports } satisfies StoredSet));
  await set.waitForHealthy(HEALTHY_BOUND_MS);
  await provisionUsers({
    primaryPort: (await set.primary()).port,
    adminUri: set.adminUri,
    adminPassword,
    users: options.users,
    roles: options.customRoles ?? [],
  });
  options.log?.(`Set ${options.name} (${options.region}) is up on ports ${ports.join(", ")}`);
  const held = opening.move();
  return { ...set, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function describeSet(
  options: ReplicaSetOptions,
  members: readonly Member[],
  adminPassword: string,
): Omit<ReplicaSet, typeof Symbol.asyncDispose> {
  const { name } = options;
  const passwords = new Map(options.users.map((user) => [user.name, user.password]));
  const uri = (user: string, extra: Readonly<Record<string, string>> = {}): string => {
    const password = user === ADMIN_USER ? adminPassword : passwords.get(user);
    if (password === undefined)
      throw new Error(`Cannot make an address as set ${name} was opened without user ${user}`);
    const ports = options.advertisedPorts ?? members.map((member) => member.port);
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
    const query = new URLSearchParams({ replicaSet: name, authSource: "admin", ...extra });
    return `mongodb://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${hosts}/?${query}`;
  };
  const adminUri = uri(ADMIN_USER);
  return {
    name,
    region: options.region,
    members,
    uri,
    adminUri,
    primary: async () => {
      const member = await findPrimary(members);
      if (!member) throw new Error(`Set ${name} has no primary at the moment`);
      return member;
    },
    waitForPrimary: (timeoutMs) => until(`a primary of set ${name}`, timeoutMs, () => findPrimary(members)),
    waitForHealthy: async (timeoutMs) => {
      await until(
        `all members of set ${name} to be healthy`,
        timeoutMs,
        async () => (await isHealthy(members)) || undefined,
      );
    },
    stepDown: async () => {
      const client = new MongoClient(adminUri);
      try {
        await client.db("admin").command({ replSetStepDown: STEP_DOWN_SECONDS });
      } finally {
        await client.close();
      }
    },
  };
}

/** A deposed primary may believe in itself for a moment: the later election counts. */
async function findPrimary(members: readonly Member[]): Promise<Member | undefined> {
  const answers = await Promise.all(members.map(async (member) => ({ member, hello: await askIfUp(member) })));
  const claims = answers.filter(({ hello }) => hello?.isWritablePrimary);
  claims.sort((a, b) => (a.hello?.electionId ?? "").localeCompare(b.hello?.electionId ?? ""));
  return claims.at(-1)?.member;
}

async function isHealthy(members: readonly Member[]): Promise<boolean> {
  const answers = await Promise.all(members.map(askIfUp));
  const serving = answers.filter((hello) => hello?.isWritablePrimary || hello?.secondary);
  return serving.length === members.length && answers.some((hello) => hello?.isWritablePrimary);
}

function askIfUp(member: Member): ReturnType<typeof askHello> {
  return member.alive ? askHello(member.port) : Promise.resolve(undefined);
}

async function startAll(members: readonly Member[]): Promise<void> {
  const starts = await Promise.allSettled(members.map((member) => member.restart()));
  for (const start of starts) if (start.status === "rejected") throw start.reason;
}

async function stopAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.stop()));
}

function memberDirs(dataDir: string): readonly string[] {
  return Array.from({ length: MEMBERS }, (_, index) => join(dataDir, `member-${index}`));
}

async function choosePorts(
  wanted: readonly number[] | undefined,
  stored: StoredSet | undefined,
): Promise<readonly number[]> {
  if (wanted && wanted.length !== MEMBERS) {
    throw new Error(`Cannot open a set as 'ports' must hold ${MEMBERS} ports: it holds ${wanted.length}`);
  }
  if (wanted) return wanted;
  const storedAreFree = stored ? (await Promise.all(stored.ports.map(isFree))).every(Boolean) : false;
  return stored && storedAreFree ? stored.ports : freePorts(MEMBERS);
}

function readStored(dataDir: string, name: string): StoredSet | undefined {
  const path = join(dataDir, SET_FILE);
  if (!existsSync(path)) return undefined;
  const stored = JSON.parse(readFileSync(path, "utf8")) as StoredSet;
  if (stored.name === name) return stored;
  throw new Error(`Cannot open set ${name} in ${dataDir}: this folder holds set ${stored.name}`);
}

/** A random text for ourselves alone, made once for the data folder; whole or absent, whenever we die. */
function secretFile(dataDir: string, file: string): string {
  const path = join(dataDir, file);
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, randomBytes(SECRET_BYTES).toString("hex"), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return path;
}
