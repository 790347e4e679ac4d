/**
 * Holds this process's part of the binds of its providers: renews their leases at the directory's home, takes over
 * those of a process that is gone, and gives back what is more than its part. While the home does not answer, everybody
 * keeps what they have and nobody takes anything.
 */
import type { Registers } from "#core/store/registers.ts";
import { StoreError } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import {
  bindSlotsSchema,
  NO_SLOTS,
  nextSlots,
  type ProviderSlots,
  type SlotsAnswer,
  withoutOwners,
} from "./bind-slots.ts";
import type { BindUser } from "./connector.ts";

/** A killed process's binds are another's within the lease, the grace and two renewals: 13 s at worst, 15 promised. */
const BIND_LEASE_MS = 6_000;
const RENEW_MS = 2_000;
/**
 * A lease must be seen to have run out for so long, with the home answering all the while, before it is taken: a holder
 * that could not renew because the home was away comes first when it is back.
 */
const GRACE_MS = 3_000;
/**
 * A process that was started and has not heard of the home for so long binds all: nothing would go out else (invariant
 * I9), and what is too much the provider refuses.
 */
const ALONE_MS = 60_000;
/** Others may write between our read and our write; so often we try at once, then with the next renewal. */
const TRIES_MAX = 5;
const REGISTER = "binds";

interface HoldBindsDeps {
  /** The directory's home, and its registers; undefined while nobody knows it. */
  readonly home: () => { readonly set: string; readonly registers: Registers } | undefined;
  /** Stays the same when the process is started again, and is no other's: it takes up at once what it held before. */
  readonly instance: string;
  /** Of this life of the process. */
  readonly session: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What we have of one provider. */
interface Part {
  readonly user: BindUser;
  inUse: readonly number[];
  /** No longer ours to use, and not unbound yet: held until then. */
  readonly leaving: Set<number>;
  /** The last use() failed, against its promise: it is tried again with every renewal. */
  hasFailed: boolean;
}

interface Lapse {
  readonly entry: string;
  /** By our monotonic clock. */
  readonly since: number;
}

export interface HeldBinds {
  /** Every bind of this provider is another's, as the home said: we are here for when it is gone. */
  isStandby(provider: string): boolean;
  /** Resolves when everything is given back. */
  readonly ended: Promise<void>;
}

/**
 * Holds until `signal` aborts; then everything is given back, which the caller has unbound by then. `users`: those of
 * now; the binds of one that is no longer among them are given back at once, as it has unbound.
 */
export function holdBinds(deps: HoldBindsDeps, users: () => readonly BindUser[], signal: AbortSignal): HeldBinds {
  const holder = new BindHolder(deps, users);
  return { isStandby: (provider) => holder.isStandby(provider), ended: hold(deps, holder, signal) };
}

async function hold({ clock, log }: HoldBindsDeps, holder: BindHolder, signal: AbortSignal): Promise<void> {
  let away = false;
  while (!signal.aborted) {
    const isHeld = await holder.renew();
    if (!isHeld && !away) log.error("binds.home_away", {});
    if (isHeld && away) log.info("binds.home_back", {});
    away = !isHeld;
    holder.useAllIfAlone();
    await clock.sleep(RENEW_MS, signal);
  }
  await holder.giveBack();
}

class BindHolder {
  readonly #deps: HoldBindsDeps;
  readonly #users: () => readonly BindUser[];
  #parts: readonly Part[] = [];
  /** Of users that are gone: what the register still says is theirs. */
  readonly #left = new Set<string>();
  readonly #owner: string;
  readonly #startedAt: number;
  /** Until the first renewal: later, another of our name is one that was started by mistake, and leaves us alone. */
  #isNew = true;
  readonly #lapses = new Map<string, Lapse>();
  #home: string | undefined;
  /** Since when this home is the home, monotonic; of the first one, always. */
  #homeSince = Number.NEGATIVE_INFINITY;

  constructor(deps: HoldBindsDeps, users: () => readonly BindUser[]) {
    this.#deps = deps;
    this.#startedAt = deps.clock.monotonic();
    this.#owner = `${deps.instance}#${deps.session}`;
    this.#users = users;
    this.#look();
  }

  #look(): void {
    const users = this.#users();
    const before = this.#parts;
    this.#parts = users.map(
      (user) => before.find((part) => part.user === user) ?? { user, inUse: [], leaving: new Set(), hasFailed: false },
    );
    for (const { user } of before) if (!users.includes(user)) this.#left.add(user.provider);
    for (const { provider } of users) this.#left.delete(provider);
  }

  /** False: the home did not answer, or others were always faster; all stays as it is. */
  async renew(): Promise<boolean> {
    const home = this.#deps.home();
    if (home === undefined) return false;
    this.#noteHome(home.set);
    this.#look();
    try {
      for (let i = 0; i < TRIES_MAX; i++) if (await this.#renewAt(home.registers)) return true;
      return false;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // What could not be seen may have been renewed.
      this.#lapses.clear();
      return false;
    }
  }

  isStandby(provider: string): boolean {
    const part = this.#parts.find(({ user }) => user.provider === provider);
    return !this.#isNew && part?.inUse.length === 0;
  }

  useAllIfAlone(): void {
    if (!this.#isNew || this.#deps.clock.monotonic() - this.#startedAt < ALONE_MS) return;
    for (const part of this.#parts.filter(({ inUse }) => inUse.length === 0)) {
      const all = Array.from({ length: part.user.count }, (_, slot) => slot);
      this.#take(part, { mine: all, fair: all.length });
    }
  }

  async giveBack(): Promise<void> {
    const registers = this.#deps.home()?.registers;
    if (registers === undefined) return;
    try {
      for (let i = 0; i < TRIES_MAX; i++) {
        const { version, body } = await registers.read(REGISTER);
        const held = parse(body);
        const next = { ...held };
        for (const { user } of this.#parts) {
          next[user.provider] = this.#without(held, user.provider);
        }
        if (await registers.replace(REGISTER, version, next)) return;
      }
    } catch (error) {
      // Then the leases run out.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  #without(held: Readonly<Record<string, ProviderSlots>>, provider: string): ProviderSlots {
    return withoutOwners(held[provider] ?? NO_SLOTS, (owner) => owner === this.#owner);
  }

  #noteHome(set: string): void {
    if (set === this.#home) return;
    // Of a new home nobody knows yet who holds what: those who hold come first.
    if (this.#home !== undefined) this.#homeSince = this.#deps.clock.monotonic();
    this.#home = set;
    this.#lapses.clear();
  }

  async #renewAt(registers: Registers): Promise<boolean> {
    const { clock, instance } = this.#deps;
    const { version, body, now } = await registers.read(REGISTER);
    const held = parse(body);
    const next = { ...held };
    const answers = this.#parts.map((part) => {
      const { provider, count } = part.user;
      const before = held[provider] ?? NO_SLOTS;
      const answer = nextSlots(before, {
        owner: this.#owner,
        isFormerSelf: (owner) => this.#isNew && owner !== this.#owner && owner.startsWith(`${instance}#`),
        count,
        now,
        leaseMs: BIND_LEASE_MS,
        holding: new Set([...part.inUse, ...part.leaving]),
        mayTakeFree: clock.monotonic() - this.#homeSince >= GRACE_MS,
        mayTakeOver: (slot) => this.#isGone(provider, slot, before),
      });
      next[provider] = answer.next;
      return { part, answer };
    });
    const left = [...this.#left];
    for (const provider of left) next[provider] = this.#without(held, provider);
    if (!(await registers.replace(REGISTER, version, next))) return false;
    this.#isNew = false;
    for (const provider of left) this.#left.delete(provider);
    for (const { part, answer } of answers) this.#take(part, answer);
    return true;
  }

  /** Of what is ours by the register, our part is used; what is more is unbound now, and given back after that. */
  #take(part: Part, { mine, fair }: Pick<SlotsAnswer, "mine" | "fair">): void {
    const { user, inUse, leaving } = part;
    const usable = mine.filter((slot) => !leaving.has(slot));
    const kept = [...usable.filter((slot) => inUse.includes(slot)), ...usable.filter((slot) => !inUse.includes(slot))];
    const wanted = kept.slice(0, fair);
    const left = inUse.filter((slot) => !wanted.includes(slot));
    const isSame = left.length === 0 && wanted.length === inUse.length;
    if (isSame && !part.hasFailed) return;
    if (!isSame) this.#deps.log.info("binds.held", { provider: user.provider, binds: wanted.length, of: user.count });
    part.inUse = wanted;
    for (const slot of left) leaving.add(slot);
    void this.#use(part, left);
  }

  /** Never rejects. What may not have been unbound stays ours: another's bind would be one too many. */
  async #use(part: Part, left: readonly number[]): Promise<void> {
    const { user, inUse, leaving } = part;
    try {
      await user.use(inUse);
      part.hasFailed = false;
      for (const slot of left) leaving.delete(slot);
    } catch (error) {
      if (!part.hasFailed) this.#deps.log.error("defect", { where: `binds of ${user.provider}`, error: String(error) });
      part.hasFailed = true;
    }
  }

  /** Its lease has been seen to have run out, always the same one, for GRACE_MS. */
  #isGone(provider: string, slot: number, { slots }: ProviderSlots): boolean {
    const key = `${provider} ${slot}`;
    const entry = JSON.stringify(slots[slot]);
    const now = this.#deps.clock.monotonic();
    const seen = this.#lapses.get(key);
    if (seen?.entry === entry) return now - seen.since >= GRACE_MS;
    this.#lapses.set(key, { entry, since: now });
    return false;
  }
}

/** What cannot be read is as if nothing were there: the holders say again what they hold. */
function parse(body: unknown): Record<string, ProviderSlots> {
  const parsed = bindSlotsSchema.safeParse(body ?? {});
  return parsed.success ? parsed.data : {};
}
