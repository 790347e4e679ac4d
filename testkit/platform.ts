/**
 * A whole platform on this machine: real replica sets, real PostgreSQL and every role as a process of its own.
 * `godwit up`, the end-to-end tests and the benchmarks all run on it. Its data folder keeps everything, keys and
 * passwords too, so that the next opening finds it again. It never listens beyond 127.0.0.1.
 */
import { dirname, join, resolve } from "node:path";
import { openMongoStore } from "#core/store/mongo/open-mongo-store.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { setIdSchema } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { lockDataDir } from "./data-dir-lock.ts";
import { ensureReportsDatabase, reportsUris } from "./platform-database.ts";
import { DEMO_ACCOUNT, DEMO_NUMBERS, DEMO_SYSTEM_ID, demoDirectory, ensureDirectory } from "./platform-directory.ts";
import { type AskedPorts, type PlatformPorts, takePorts } from "./platform-ports.ts";
import {
  operatorEnvironment,
  type RoleName,
  type RoleSettings,
  type RoleSource,
  roleCommand,
  roleEnvironment,
  roleNames,
  roleUrl,
} from "./platform-roles.ts";
import { DATABASE, openPlatformSet, type PlatformSet } from "./platform-sets.ts";
import { openSecrets, type PlatformSecrets, readState, writeState } from "./platform-state.ts";
import { freePorts } from "./ports.ts";
import { openPostgres, type Postgres } from "./postgres.ts";
import type { ReplicaSet } from "./replica-set.ts";
import {
  commandFile,
  createRoleProcess,
  type RoleProcess,
  stopLeftoverRole,
  writeCommandEnvironment,
} from "./role-process.ts";
import { findTool } from "./tools.ts";

export type { RoleName } from "./platform-roles.ts";
export type { RoleProcess } from "./role-process.ts";

const READY_BOUND_MS = 30_000;
/** Of a set. */
const MEMBERS = 3;

/** Where each role's log, variables and process id are. */
const rolesDir = (dataDir: string): string => join(dataDir, "roles");

export interface PlatformOptions {
  readonly dataDir: string;
  readonly sets: readonly PlatformSet[];
  /** Of edge, worker and connectors. */
  readonly region: string;
  readonly edgeRuntime: "deno" | "bun";
  readonly roles: RoleSource;
  /** Default: all. The others are not started, but their files of variables are there. */
  readonly only?: readonly RoleName[];
  /** False only for tests: a crash of the machine may then destroy PostgreSQL's data. Default true. */
  readonly durablePostgres?: boolean;
  readonly simulatorBehaviour?: object;
  readonly smppWindow?: number;
  /** Binds to the simulator, which all connectors share. Default 1. */
  readonly smppBinds?: number;
  readonly smppResponseTimeoutMs?: number;
  /** Variables for every role, besides its own. */
  readonly roleVariables?: Readonly<Record<string, string>>;
  /** Puts proxies before the members of a set, and returns their ports: all that talk to a member find it there. */
  readonly advertise?: (set: string, ports: readonly number[]) => Promise<readonly number[]>;
  /** Further options of a role's connection string, such as proxyHost and proxyPort for a delayed link. */
  readonly setUriOptions?: (role: RoleName, set: string) => Readonly<Record<string, string>>;
  /** Default: those of the last time while they are free, else free ones. */
  readonly ports?: AskedPorts;
  readonly onTick?: (tick: PlatformTick) => void;
  /** Told of downloads. */
  readonly log?: (line: string) => void;
  /** Breaks the opening off; what has started is stopped again. */
  readonly signal?: AbortSignal;
}

/** A part of the platform on its way up. */
export interface PlatformTick {
  readonly part: string;
  readonly state: "starting" | "ready" | "failed";
  /** Since the part was started. */
  readonly ms?: number;
  readonly detail?: string;
}

export interface Platform extends AsyncDisposable {
  readonly sets: readonly ReplicaSet[];
  readonly postgres: Postgres;
  readonly roles: ReadonlyMap<RoleName, RoleProcess>;
  readonly edgeUrl: string;
  readonly reportsUrl: string;
  readonly reportsToken: string;
  /** The simulator's control server. */
  readonly simulatorUrl: string;
  /** Where the simulator takes binds. */
  readonly smppPort: number;
  /** Where the account's own SMPP client binds, and with what. */
  readonly customerSmpp: { readonly port: number; readonly systemId: string; readonly password: string };
  /** PostgreSQL as the role `analyst`. */
  readonly analystUrl: string;
  readonly apiKey: string;
  readonly account: string;
  /** Numbers of the account that people can answer. */
  readonly numbers: readonly string[];
  /** Opens every set as an administrator, for checks. The caller disposes them. */
  openStores(): Promise<readonly Store[]>;
  /** The variables of commands for operators, as a file to source. */
  readonly operatorFile: string;
  /**
   * Starts one more set beside the others, empty. No role knows of it before it is started again, and nobody uses it
   * before the directory says so.
   */
  addSet(set: PlatformSet): Promise<ReplicaSet>;
}

/** What the opening of one platform works on. */
interface Plan {
  readonly options: PlatformOptions;
  readonly dataDir: string;
  /** Replaced when a set is added. */
  ports: PlatformPorts;
  readonly secrets: PlatformSecrets;
  readonly roles: ReadonlyMap<RoleName, RoleProcess>;
  /** The servers that have to be stopped, also when another one fails. */
  readonly running: AsyncDisposable[];
}

interface Servers {
  readonly sets: ReplicaSet[];
  readonly postgres: Postgres;
}

/**
 * Opens the platform of `dataDir`, making it there the first time. Returns once every role says that it is ready.
 * Dispose to drain and stop everything; the data stays. Throws DataInUseError, PortTakenError, ToolMissingError,
 * ServerStartError or WaitTimeoutError, or the reason of `signal`, and leaves nothing running then.
 */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const dataDir = resolve(options.dataDir);
  await using opening = new AsyncDisposableStack();
  opening.use(lockDataDir(dataDir));
  const state = readState(dataDir);
  const dir = rolesDir(dataDir);
  await Promise.all(roleNames.map((role) => stopLeftoverRole(dir, role)));
  const sets = options.sets.map(({ set }) => set);
  const ports = await advertised(options, await takePorts(dataDir, sets, options.ports ?? {}, state?.ports));
  const secrets = await openSecrets(dataDir);
  writeState(dataDir, { ...state, ports });
  const roles = createRoles({ ...options, dir, ports, secrets }, options);
  writeCommandEnvironment(dir, "operator", operatorEnvironment({ ...options, ports, secrets }));
  const running: AsyncDisposable[] = [];
  opening.defer(() => settleAll(running.map((server) => server[Symbol.asyncDispose]())));
  opening.defer(() => stopRoles(roles)); // before their servers
  const plan: Plan = { options, dataDir, ports, secrets, roles, running };

  const servers = await openServers(plan);
  await settleAll(startedRoles(plan).map((role) => part(plan, role.name, () => role.restart())));
  await part(plan, "connections", () => settleAll(startedRoles(plan).map((role) => waitForRole(plan, role))));
  const held = opening.move();
  return { ...describePlatform(plan, servers), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The ports with those of the proxies, if there are any, for every set that has none yet. */
async function advertised({ advertise }: PlatformOptions, ports: PlatformPorts): Promise<PlatformPorts> {
  if (advertise === undefined) return ports;
  const found: Record<string, readonly number[]> = { ...ports.advertised };
  for (const [set, members] of Object.entries(ports.members)) found[set] ??= await advertise(set, members);
  return { ...ports, advertised: found };
}

async function openServers(plan: Plan): Promise<Servers> {
  const { options, dataDir, ports, secrets, running } = plan;
  const toolOptions = options.log === undefined ? {} : { onProgress: options.log };
  const [mongod, postgresTool] = await Promise.all([
    findTool("mongod", toolOptions),
    findTool("postgres", toolOptions),
  ]);
  const openDatabase = (): Promise<Postgres> =>
    part(plan, "PostgreSQL", async () => {
      const settings = { port: ports.single.postgres, durable: options.durablePostgres ?? true };
      const binDir = dirname(postgresTool.path);
      const server = await openPostgres({ dataDir: join(dataDir, "postgres"), binDir, ...settings });
      running.push(server);
      await ensureReportsDatabase(server, secrets);
      return server;
    });
  const starting = { sets: options.sets.map((set) => openSet(plan, set, mongod.path)), postgres: openDatabase() };
  await settleAll([...starting.sets, starting.postgres]);
  const servers = { sets: await Promise.all(starting.sets), postgres: await starting.postgres };
  await part(plan, "directory", () => writeDemoDirectory(plan, servers.sets));
  writeState(dataDir, { ports, postgresDataDir: servers.postgres.dataDir });
  return servers;
}

function openSet(plan: Plan, set: PlatformSet, mongodPath: string): Promise<ReplicaSet> {
  const { dataDir, ports, secrets, running } = plan;
  return part(plan, `set ${set.set}`, async () => {
    const opened = await openPlatformSet(set, { dataDir, ports, secrets, mongodPath });
    running.push(opened);
    return opened;
  });
}

async function addSet(plan: Plan, servers: Servers, added: PlatformSet): Promise<ReplicaSet> {
  const members = await freePorts(MEMBERS);
  const all = { ...plan.ports, members: { ...plan.ports.members, [added.set]: members } };
  plan.ports = await advertised(plan.options, all);
  const opened = await openSet(plan, added, (await findTool("mongod")).path);
  servers.sets.push(opened);
  writeState(plan.dataDir, { ports: plan.ports, postgresDataDir: servers.postgres.dataDir });
  const sets = servers.sets.map(({ name, region }) => ({ set: name, region }));
  const settings = { ...plan.options, sets, ports: plan.ports, secrets: plan.secrets };
  for (const [name, role] of plan.roles) role.reconfigure(roleEnvironment(name, settings));
  writeCommandEnvironment(rolesDir(plan.dataDir), "operator", operatorEnvironment(settings));
  return opened;
}

/** Waits for all, so that nothing still starts when the first error is thrown. */
async function settleAll(running: readonly PromiseLike<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(running);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Runs one step of the opening, and tells of it. */
async function part<T>({ options }: Plan, name: string, run: () => Promise<T>): Promise<T> {
  options.signal?.throwIfAborted();
  const started = performance.now();
  const tell = (state: PlatformTick["state"], detail?: string): void => {
    const ms = state === "starting" ? {} : { ms: Math.round(performance.now() - started) };
    options.onTick?.({ part: name, state, ...ms, ...(detail === undefined ? {} : { detail }) });
  };
  tell("starting");
  try {
    const result = await run();
    tell("ready");
    return result;
  } catch (error) {
    tell("failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function startedRoles({ options, roles }: Plan): readonly RoleProcess[] {
  return [...roles].filter(([name]) => options.only?.includes(name) ?? true).map(([, role]) => role);
}

/** The simulator waits for nobody; connectors without it would wait for ever. */
async function waitForRole(plan: Plan, role: RoleProcess): Promise<void> {
  const waitsForNobody = role.name === "simulator";
  const waitsInVain = role.name === "connectors" && plan.options.only?.includes("simulator") === false;
  if (!waitsForNobody && !waitsInVain) await role.waitForReady(READY_BOUND_MS);
}

function createRoles(settings: RoleSettings & { readonly dir: string }, options: PlatformOptions) {
  const create = (name: RoleName): readonly [RoleName, RoleProcess] => {
    const command = roleCommand(name, options.roles, options.edgeRuntime);
    const env = roleEnvironment(name, settings);
    return [name, createRoleProcess({ name, command, env, dir: settings.dir, url: roleUrl(name, settings.ports) })];
  };
  return new Map(roleNames.map(create));
}

/** What takes messages in stops first, what serves the others last. */
async function stopRoles(roles: ReadonlyMap<RoleName, RoleProcess>): Promise<void> {
  const order: readonly (readonly RoleName[])[] = [
    ["edge", "smpp"],
    ["worker", "connectors"],
    ["projector", "reports", "simulator"],
  ];
  for (const names of order) await Promise.all(names.map((name) => roles.get(name)?.stop()));
}

async function openStores(sets: readonly ReplicaSet[]): Promise<readonly Store[]> {
  const shared = { clock: systemClock, random: systemRandom, log: silentLogger, owner: "administrator", writers: 1 };
  return Promise.all(
    sets.map(({ name, region, adminUri }) =>
      openMongoStore({ set: setIdSchema.parse(name), region, uri: adminUri, database: DATABASE, ...shared }),
    ),
  );
}

async function writeDemoDirectory({ secrets }: Plan, sets: readonly ReplicaSet[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stores = (await openStores(sets)).map((store) => stack.use(store));
  await ensureDirectory(stores, await demoDirectory(secrets.apiKey, secrets.customerSmpp));
}

function describePlatform(plan: Plan, servers: Servers): Omit<Platform, typeof Symbol.asyncDispose> {
  const { ports, secrets, roles } = plan;
  return {
    ...servers,
    roles,
    edgeUrl: roleUrl("edge", ports),
    reportsUrl: roleUrl("reports", ports),
    reportsToken: secrets.reportsToken,
    simulatorUrl: roleUrl("simulator", ports),
    smppPort: ports.single.simulator,
    customerSmpp: { port: ports.single.smpp, systemId: DEMO_SYSTEM_ID, password: secrets.customerSmpp },
    analystUrl: reportsUris(ports, secrets).analyst,
    apiKey: secrets.apiKey,
    account: DEMO_ACCOUNT,
    numbers: DEMO_NUMBERS,
    openStores: () => openStores(servers.sets),
    operatorFile: commandFile(rolesDir(plan.dataDir), "operator"),
    addSet: (set) => addSet(plan, servers, set),
  };
}
