/** Who is primary for whom, and what becomes of writes when that changes. */
import { collectionNames } from "#core/store/mongo/documents.ts";
import { eventsCollection, monthsAhead } from "#core/store/mongo/months.ts";
import { SCHEMA_VERSION } from "#core/store/mongo/set-schema.ts";
import { connectionClosed, noPrimary, notWritablePrimary } from "./driver-errors.ts";
import { MemberLog } from "./member-log.ts";
import { Primary } from "./primary.ts";
import type { SimDocument } from "./sim-document.ts";
import type { ElectionFault, FaultEffect, IsolationFault, SimReplicaSetOptions } from "./sim-replica-set.ts";
import type { Wire } from "./wire.ts";

/** serverSelectionTimeoutMS of our driver. */
const SELECTION_MS = 2_000;
/** How long clients send to a primary that has stepped down: their monitors hear of it a way later. */
const UNHEARD_MS = 30;
const NOTHING: FaultEffect = { happened: false, survived: 0, rolledBack: 0, abortedTransactions: 0 };

export class SimTopology {
  readonly #options: SimReplicaSetOptions;
  /** What the next primary starts with; that of the current one while there is one. */
  #log: MemberLog;
  #current: Primary | undefined;
  #isolated: { readonly primary: Primary; readonly stays: (wire: Wire) => boolean } | undefined;
  #selecting: { readonly wire: Wire; readonly resolve: (primary: Primary) => void }[] = [];
  /** When everybody has heard that the last primary stepped down, by the monotonic clock. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #isStalled = false;
  #clients = 0;

  constructor(options: SimReplicaSetOptions) {
    this.#options = options;
    this.#log = createLog(options.clock.now());
    this.#crown();
  }

  nextClient(): number {
    return ++this.#clients;
  }

  get hasPrimary(): boolean {
    return this.#current !== undefined;
  }

  /** Runs a request that has arrived at the set. Waits for a primary as the driver does before it sends anything. */
  async serve<T>(wire: Wire, run: (primary: Primary) => T | Promise<T>): Promise<T> {
    const primary = this.#primaryOf(wire);
    if (primary === undefined && this.#options.clock.monotonic() < this.#heardAt) {
      this.#options.onTrouble?.("not_primary");
      throw notWritablePrimary();
    }
    return run(primary ?? (await this.#select(wire)));
  }

  #primaryOf(wire: Wire): Primary | undefined {
    return this.#isolated?.stays(wire) === true ? this.#isolated.primary : this.#current;
  }

  async #select(wire: Wire): Promise<Primary> {
    const { promise, resolve, reject } = Promise.withResolvers<Primary>();
    const selecting = { wire, resolve };
    this.#selecting.push(selecting);
    const timer = this.#options.clock.after(SELECTION_MS, () => reject(noPrimary()));
    try {
      const primary = await promise;
      if (primary.isOver) throw connectionClosed();
      return primary;
    } finally {
      timer.cancel();
      this.#selecting = this.#selecting.filter((each) => each !== selecting);
    }
  }

  /** A new primary writes an entry of its own: with it on a majority, so is everything before it. */
  #crown(): void {
    const primary = new Primary(this.#log, this.#options);
    const { onCommitted } = this.#options;
    if (onCommitted !== undefined) primary.onMajority.add(onCommitted);
    if (this.#isStalled) primary.setReplicates(false);
    this.#current = primary;
    this.#log.append([]);
    primary.replicate();
    for (const { resolve } of this.#selecting.splice(0)) resolve(primary);
  }

  #crownAfter(awayMs: number): void {
    this.#options.clock.after(awayMs, () => {
      if (this.#current === undefined) this.#crown();
    });
  }

  elect({ how, awayMs, survives }: ElectionFault): FaultEffect {
    const primary = this.#current;
    if (primary === undefined) return NOTHING;
    this.#current = undefined;
    const abortedTransactions = primary.finish(how);
    if (how === "stepped_down") this.#heardAt = this.#options.clock.monotonic() + UNHEARD_MS;
    const { to, ...effect } = share(this.#log, survives);
    this.#log.rollBack(to);
    this.#crownAfter(awayMs);
    return { ...effect, happened: true, abortedTransactions };
  }

  isolatePrimary({ stays, awayMs, survives }: IsolationFault): FaultEffect {
    const primary = this.#current;
    if (primary === undefined || this.#isolated !== undefined) return NOTHING;
    const { to, ...effect } = share(primary.log, survives);
    this.#log = primary.log.fork(to);
    this.#current = undefined;
    primary.setReplicates(false);
    this.#isolated = { primary, stays };
    primary.cutOff((wire) => !stays(wire));
    this.#crownAfter(awayMs);
    return { ...effect, happened: true, abortedTransactions: 0 };
  }

  heal(): { readonly thrownAway: number } {
    const primary = this.#isolated?.primary;
    this.#isolated = undefined;
    if (primary === undefined) return { thrownAway: 0 };
    primary.finish("stepped_down");
    return { thrownAway: primary.log.head - primary.log.majority };
  }

  stallReplication(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#current?.setReplicates(!isStalled);
  }

  committed(name: string): readonly SimDocument[] {
    const collection = this.#log.collections.get(name);
    const found: SimDocument[] = [];
    for (const id of collection?.ids ?? []) {
      const document = collection?.read(id, this.#log.majority);
      if (document !== undefined) found.push(document);
    }
    return found;
  }

  collections(): readonly string[] {
    return [...this.#log.collections.keys()];
  }
}

/** How far the next primary's log goes, and what that means. */
function share(log: MemberLog, survives: number) {
  const open = log.head - log.majority;
  const survived = Math.round(open * survives);
  return { to: log.majority + survived, survived, rolledBack: open - survived };
}

/** What setupMongoSchema leaves behind (sim-replica-set.test.ts compares), as one entry that a majority has. */
function createLog(now: number): MemberLog {
  const log = new MemberLog();
  for (const name of Object.values(collectionNames)) log.collection(name);
  log.collection(collectionNames.sendKeys).hasUniqueKeys = true;
  const months = monthsAhead(now);
  for (const month of months) log.collection(eventsCollection(month));
  const openedAt = Object.fromEntries(months.map((month) => [month, new Date(now)]));
  const document = { _id: "schema", version: SCHEMA_VERSION, months: openedAt };
  log.append([{ collection: log.collection(collectionNames.schema), id: document._id, document }]);
  log.advance(log.head, Number.POSITIVE_INFINITY);
  return log;
}
