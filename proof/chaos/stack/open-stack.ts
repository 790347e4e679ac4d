/**
 * The platform that chaos is made on, and that a soak runs on: two sets, two workers, two connectors and one of every
 * other role, all real processes, and two accounts. For chaos there is a proxy before every member.
 */
import { changeCredit } from "#core/ledger/change-credit.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { createIdMint } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { openPlatform, type Platform, type PlatformOptions } from "#testkit/platform.ts";
import { ensureDirectory } from "#testkit/platform-directory.ts";
import type { PlatformSet } from "#testkit/platform-sets.ts";
import type { ReplicaSet } from "#testkit/replica-set.ts";
import type { RoleProcess } from "#testkit/role-process.ts";
import { createSecondRole, type SecondRole, type SecondRoleName } from "#testkit/second-role.ts";
import { until } from "#testkit/until.ts";
import { type MemberNetwork, memberEnd, openMemberNetwork } from "../network/member-network.ts";
import { type ChaosAccount, chaosAccounts, PAID_ACCOUNTS, PAID_MICROS } from "./chaos-accounts.ts";

/** The edge is in the first region, so that without a fault only keyed requests go to the other set. */
const CHAOS_SETS: readonly PlatformSet[] = [
  { set: "syd1", region: "syd" },
  { set: "fra1", region: "fra" },
];

/** There is something in flight whenever a process dies: answers and receipts take a while. */
export const CALM_BEHAVIOUR = { respDelayMs: 150, receiptDelayMs: 400, magicSuffixes: false } as const;
/** Providers that fall silent are given up soon, so that rounds are short. */
const RESPONSE_TIMEOUT_MS = 5_000;
const READY_BOUND_MS = 60_000;

export interface ChaosStack extends AsyncDisposable {
  readonly platform: Platform;
  readonly dataDir: string;
  readonly network: MemberNetwork;
  readonly accounts: readonly ChaosAccount[];
  /** By the name of the process, such as "worker-2". */
  readonly roles: ReadonlyMap<string, RoleProcess>;
  /** Every set, as an administrator. */
  readonly stores: readonly Store[];
  set(name: string): ReplicaSet;
  role(name: string): RoleProcess;
  /** Starts one more set and tells every role of it, which see it once they are started again. */
  addSet(set: PlatformSet): Promise<void>;
}

export interface StackOptions {
  readonly dataDir: string;
  /** Default: CHAOS_SETS. All roles are in the region of the first. */
  readonly sets?: readonly PlatformSet[];
  readonly edgeRuntime: "deno" | "bun";
  /** Default true. Without them no way to a member can be cut, and they cost nothing. */
  readonly proxies?: boolean;
  /** A second edge, on the other runtime. Default false. */
  readonly secondEdge?: boolean;
  /** Of the simulated provider, on top of the calm one. */
  readonly behaviour?: object;
  /** Variables for every role, besides its own. */
  readonly roleVariables?: Readonly<Record<string, string>>;
  /** Where the roles' source is. Default: this checkout. */
  readonly build?: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Dispose to stop everything; the data stays. */
export async function openStack(options: StackOptions): Promise<ChaosStack> {
  await using opening = new AsyncDisposableStack();
  const roles = new Map<string, RoleProcess>();
  const sets: { list: readonly ReplicaSet[] } = { list: [] };
  const network = opening.use(openMemberNetwork(systemClock, () => processIds(roles, sets.list)));
  const placed = options.sets ?? CHAOS_SETS;
  const platformOptions: PlatformOptions = {
    dataDir: options.dataDir,
    sets: placed,
    region: placed[0]?.region ?? "",
    edgeRuntime: options.edgeRuntime,
    roles: { type: "source", ...(options.build !== undefined && { root: options.build }) },
    durablePostgres: false,
    simulatorBehaviour: { ...CALM_BEHAVIOUR, ...options.behaviour },
    ...(options.roleVariables !== undefined && { roleVariables: options.roleVariables }),
    smppResponseTimeoutMs: RESPONSE_TIMEOUT_MS,
    // One for each connector.
    smppBinds: 2,
    ...(options.proxies !== false && { advertise: network.advertise }),
    onTick: ({ part, state, ms = 0 }) => state === "starting" || options.say(`  ${part} ${state} after ${ms} ms`),
    signal: options.signal,
  };
  const platform = opening.use(await openPlatform(platformOptions));
  sets.list = platform.sets;
  for (const [name, role] of platform.roles) roles.set(name, role);
  const seconds = await startSeconds(platform, platformOptions, {
    names: options.secondEdge === true ? ["edge", "worker", "connectors"] : ["worker", "connectors"],
    roles,
    opening,
  });
  const stores: Store[] = [];
  opening.defer(() => closeAll(stores));
  stores.push(...(await platform.openStores()));
  const { accounts, directory } = await chaosAccounts(platform.apiKey);
  await ensureDirectory(stores, directory);
  await untilKnown(platform, accounts);
  await payIn(stores);
  const held = opening.move();
  return {
    platform,
    dataDir: options.dataDir,
    network,
    accounts,
    roles,
    stores,
    set: (name) =>
      named(
        platform.sets.find((set) => set.name === name),
        name,
      ),
    role: (name) => named(roles.get(name), name),
    addSet: async (set) => {
      await platform.addSet(set);
      const known = platform.sets.map(({ name, region }) => ({ set: name, region }));
      for (const second of seconds) second.reconfigure(known);
      const opened = await platform.openStores();
      const isNew = (store: Store): boolean => stores.every((other) => other.set !== store.set);
      const [added, others] = [opened.filter(isNew), opened.filter((store) => !isNew(store))];
      await closeAll(others);
      stores.push(...added);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function startSeconds(
  platform: Platform,
  options: PlatformOptions,
  {
    names,
    roles,
    opening,
  }: {
    readonly names: readonly SecondRoleName[];
    readonly roles: Map<string, RoleProcess>;
    readonly opening: AsyncDisposableStack;
  },
): Promise<readonly SecondRole[]> {
  const seconds: SecondRole[] = [];
  const edgeRuntime = options.edgeRuntime === "deno" ? "bun" : "deno";
  for (const name of names) {
    const first = named(platform.roles.get(name), name);
    const second = await createSecondRole(name, first, { ...options, edgeRuntime });
    opening.defer(() => second.role.stop());
    await second.role.restart();
    await second.role.waitForReady(READY_BOUND_MS);
    roles.set(second.role.name, second.role);
    seconds.push(second);
  }
  return seconds;
}

/** All on one set: the others fetch what they need of it. */
async function payIn([store]: readonly Store[]): Promise<void> {
  if (store === undefined) throw new Error("There is no set to pay in at");
  const mint = createIdMint({ clock: systemClock, random: systemRandom });
  const context = { stores: [store], closed: [], clock: systemClock, mint, random: systemRandom };
  for (const account of PAID_ACCOUNTS) {
    const change = { type: "paid", account, micros: PAID_MICROS, currency: "AUD", actor: "chaos" } as const;
    const { type } = await changeCredit(context, change);
    if (type !== "changed") throw new Error(`Paying in for ${account} was ${type}`);
  }
}

/** The edge reads the directory anew every now and then. */
async function untilKnown(platform: Platform, accounts: readonly ChaosAccount[]): Promise<void> {
  for (const { id, apiKey } of accounts) {
    await until(`the edge to know account ${id}`, READY_BOUND_MS, async () => {
      const headers = { authorization: `Bearer ${apiKey}` };
      const { status } = await fetch(`${platform.edgeUrl}/v1/messages/none`, { headers, keepalive: false });
      return status === 404 || undefined;
    });
  }
}

/** Roles first: there are fewer of their files to look through. */
function processIds(roles: ReadonlyMap<string, RoleProcess>, sets: readonly ReplicaSet[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const [name, { pid }] of roles) if (pid !== undefined) ids.set(name, pid);
  for (const { name, members } of sets) {
    for (const { index, pid } of members) if (pid !== undefined) ids.set(memberEnd(name, index), pid);
  }
  return ids;
}

async function closeAll(stores: readonly Store[]): Promise<void> {
  await Promise.allSettled(stores.map((store) => store[Symbol.asyncDispose]()));
}

function named<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new Error(`There is nothing called ${name} on this platform`);
  return found;
}
