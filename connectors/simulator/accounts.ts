/**
 * Who may bind, and what the simulator keeps for each: its links, its behaviour if it has one of its own, its counters,
 * its chance, and what still has to be delivered to it. Where no account is named, any system_id is one.
 */
import { z } from "zod";
import { Status } from "#core/smpp/pdu.ts";
import type { Random } from "#domain/random.ts";
import { type Behaviour, behaviourSchema } from "./behaviour.ts";
import { type Counters, createCounters } from "./counters.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Link } from "./link.ts";
import { SubmitPlanner } from "./plan-submit.ts";
import { createKeyedWindows } from "./rate-window.ts";

const ACCOUNTS_MAX = 1_000;
const MINUTE_MS = 60_000;

/** As SMPP bounds them [§5.2.1, §5.2.2]. */
export const systemIdSchema = z.string().min(1).max(15);
export const accountSchema = z.strictObject({
  systemId: systemIdSchema,
  /** Absent: the simulator's own password, and without that any. */
  password: z.string().max(8).optional(),
  /** Absent: the behaviour for all. */
  behaviour: behaviourSchema.optional(),
});
export const accountsSchema = z
  .array(accountSchema)
  .max(ACCOUNTS_MAX)
  .refine((list) => new Set(list.map(({ systemId }) => systemId)).size === list.length, "names a systemId twice");
export type AccountInput = z.input<typeof accountSchema>;
export type AccountSettings = z.output<typeof accountSchema>;

export interface Account {
  readonly systemId: string;
  /** Somebody said that it may bind; the others came while any might. */
  named: boolean;
  password: string | undefined;
  /** Of its own; absent: the behaviour for all. */
  behaviour: Behaviour | undefined;
  /** Bound, or about to be. */
  readonly links: Set<Link>;
  readonly counters: Counters;
  readonly deliveries: Deliveries;
  /** For all but submits, whose chance must not depend on when else something was drawn. */
  random: Random;
  planner: SubmitPlanner;
}

export interface Accounts {
  readonly all: Iterable<Account>;
  find(systemId: string): Account | undefined;
  /** The account that may bind so, or the status that refuses it. */
  admit(given: { readonly systemId: string; readonly password: string }): Account | number;
  /** Whether this attempt to bind is within the rate. */
  mayTry(account: Account, perMinute: number, nowMs: number): boolean;
  /** Adds or changes one. From now on only named accounts may bind. Undefined when there are too many. */
  put(settings: AccountSettings): Account | undefined;
  /** An account's own behaviour, whether it has bound yet or not. */
  ownBehaviour(systemId: string): Behaviour | undefined;
  /** Of all accounts that have one. */
  readonly ownBehaviours: readonly Behaviour[];
  /** Gives an account a behaviour of its own, or takes it away; one that has not bound yet has it when it comes. */
  behave(systemId: string, behaviour: Behaviour | undefined): void;
  /** False when there is none. What waits for it is forgotten; its links stay. */
  remove(systemId: string): boolean;
  /** New streams for all, from the seed that the simulator has now. */
  reseed(): void;
}

export function createAccounts(deps: {
  /** Empty: any system_id is welcome. */
  readonly named: readonly AccountSettings[];
  readonly password: string | undefined;
  /** A stream of its own for each purpose. */
  readonly chanceOf: (purpose: string) => Random;
  readonly createDeliveries: (account: () => Account) => Deliveries;
}): Accounts {
  const accounts = new Map<string, Account>();
  const attempts = createKeyedWindows(ACCOUNTS_MAX);
  /** Of accounts that have not bound yet. */
  const expected = new Map<string, Behaviour>();
  let open = deps.named.length === 0;

  function chanceFor(systemId: string): Pick<Account, "random" | "planner"> {
    return {
      random: deps.chanceOf(`links of ${systemId}`),
      planner: new SubmitPlanner(deps.chanceOf(`submits of ${systemId}`)),
    };
  }

  function create({ systemId, password, behaviour }: AccountSettings, named: boolean): Account {
    const account: Account = {
      systemId,
      named,
      password,
      behaviour: behaviour ?? expected.get(systemId),
      links: new Set(),
      counters: createCounters(),
      deliveries: deps.createDeliveries(() => account),
      ...chanceFor(systemId),
    };
    accounts.set(systemId, account);
    expected.delete(systemId);
    return account;
  }

  for (const settings of deps.named) create(settings, true);

  return {
    get all() {
      return accounts.values();
    },
    find: (systemId) => accounts.get(systemId),
    admit({ systemId, password }) {
      const known = accounts.get(systemId);
      if (!open && known?.named !== true) return Status.invalidSystemId;
      const needed = known?.password ?? deps.password;
      if (needed !== undefined && needed !== password) return Status.invalidPassword;
      if (known === undefined && accounts.size >= ACCOUNTS_MAX) return Status.bindFailed;
      return known ?? create({ systemId }, false);
    },
    mayTry: ({ systemId }, perMinute, nowMs) => attempts.count(systemId, MINUTE_MS, nowMs) <= perMinute,
    put(settings) {
      const known = accounts.get(settings.systemId);
      if (known === undefined && accounts.size >= ACCOUNTS_MAX) return undefined;
      open = false;
      if (known === undefined) return create(settings, true);
      known.named = true;
      known.password = settings.password;
      known.behaviour = settings.behaviour;
      return known;
    },
    behave(systemId, behaviour) {
      const known = accounts.get(systemId);
      if (known !== undefined) known.behaviour = behaviour;
      else if (behaviour === undefined) expected.delete(systemId);
      else if (expected.size < ACCOUNTS_MAX) expected.set(systemId, behaviour);
    },
    get ownBehaviours() {
      const own = [...accounts.values()].flatMap(({ behaviour }) => (behaviour === undefined ? [] : [behaviour]));
      return [...own, ...expected.values()];
    },
    ownBehaviour: (systemId) => accounts.get(systemId)?.behaviour ?? expected.get(systemId),
    remove(systemId) {
      accounts.get(systemId)?.deliveries.forget();
      return accounts.delete(systemId);
    },
    reseed() {
      for (const account of accounts.values()) {
        Object.assign(account, chanceFor(account.systemId));
      }
    },
  };
}
