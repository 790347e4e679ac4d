/**
 * One member for as long as it is primary: it replicates its log, keeps transactions and cursors, and holds what has to
 * wait. States: reigning → isolated (nothing gets onto a majority any more) → over; or reigning → over.
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import {
  connectionClosed,
  interrupted,
  RETRYABLE,
  steppedDownWhileWaiting,
  timeLimitExceeded,
} from "./driver-errors.ts";
import type { LoggedWrite, MemberLog } from "./member-log.ts";
import { Transaction } from "./transaction.ts";
import type { Wire } from "./wire.ts";

/** transactionLifetimeLimitSeconds of our sets. */
const TRANSACTION_MS = 5_000;

export interface PrimaryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly replicationMs: { readonly min: number; readonly max: number };
  readonly acknowledgesEarly?: (wire: Wire) => boolean;
  readonly conflictShare?: number;
  readonly onTrouble?: (what: "conflict") => void;
}

/** Who asked for something that waits, and what for. */
export interface Asker {
  readonly wire: Wire;
  /** A commitTransaction: its errors say that it may be asked again. */
  readonly isCommit?: boolean;
}

interface Hang {
  readonly asker: Asker;
  /** It has been done here, and waits for a majority. */
  readonly isDone: boolean;
  readonly reject: (error: Error) => void;
}

/** How those who wait hear that it is over. */
export type End = "killed" | "stepped_down";

export class Primary {
  readonly log: MemberLog;
  readonly transactions = new Map<string, Transaction>();
  /** Told of everything that gets onto a majority. */
  readonly onMajority = new Set<(writes: readonly LoggedWrite[]) => void>();
  isOver = false;
  readonly #options: PrimaryOptions;
  readonly #hangs = new Set<Hang>();
  #waiting: { readonly entry: number; readonly resolve: () => void }[] = [];
  #round: { cancel(): void } | undefined;
  #replicates = true;
  #isCut: (wire: Wire) => boolean = () => false;

  constructor(log: MemberLog, options: PrimaryOptions) {
    this.log = log;
    this.#options = options;
  }

  get now(): Date {
    return new Date(this.#options.clock.now());
  }

  after(ms: number, run: () => void): { cancel(): void } {
    return this.#options.clock.after(ms, run);
  }

  /** Replicates whatever the log holds by now, in rounds: what comes during one goes with the next. */
  replicate(): void {
    if (this.#round !== undefined || !this.#replicates || this.isOver || this.log.head === this.log.majority) return;
    const { min, max } = this.#options.replicationMs;
    const upTo = this.log.head;
    this.#round = this.after(min + (max - min) * this.#options.random.fraction(), () => {
      this.#round = undefined;
      this.#advance(upTo);
      this.replicate();
    });
  }

  setReplicates(replicates: boolean): void {
    this.#replicates = replicates;
    if (!replicates) this.#round?.cancel();
    this.#round = undefined;
    this.replicate();
  }

  #advance(majority: number): void {
    const writes = this.log.advance(majority, this.#oldestSnapshot());
    const reached = this.#waiting.filter(({ entry }) => entry <= majority);
    this.#waiting = this.#waiting.filter(({ entry }) => entry > majority);
    for (const { resolve } of reached) resolve();
    for (const tell of this.onMajority) tell(writes);
  }

  #oldestSnapshot(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const transaction of this.transactions.values()) {
      if (this.#isOpen(transaction)) oldest = Math.min(oldest, transaction.snapshot);
    }
    return oldest;
  }

  /** Resolves when a majority has the entry. */
  async majority(entry: number, asker: Asker, maxMs?: number): Promise<void> {
    if (entry <= this.log.majority || this.#options.acknowledgesEarly?.(asker.wire) === true) return;
    this.replicate();
    await this.hang<void>({ asker, isDone: true, maxMs }, (resolve, reject) => {
      this.#waiting.push({ entry, resolve });
      return maxMs === undefined ? undefined : this.after(maxMs, () => reject(timeLimitExceeded()));
    });
  }

  /** Waits for `begin` to resolve it; rejects when this primary's time is over. */
  async hang<T>(
    held: { readonly asker: Asker; readonly isDone: boolean; readonly maxMs?: number | undefined },
    begin: (resolve: (value: T) => void, reject: (error: Error) => void) => { cancel(): void } | undefined,
  ): Promise<T> {
    this.#assertReaches(held.asker);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const hang = { asker: held.asker, isDone: held.isDone, reject };
    this.#hangs.add(hang);
    const timer = begin(resolve, reject);
    try {
      return await promise;
    } finally {
      timer?.cancel();
      this.#hangs.delete(hang);
    }
  }

  begin(id: string): Transaction {
    const expiresAt = this.#options.clock.monotonic() + TRANSACTION_MS;
    const transaction = new Transaction({ id, snapshot: this.log.head, expiresAt });
    this.transactions.set(id, transaction);
    return transaction;
  }

  /** The transaction if it is still open. */
  open(id: string): Transaction | undefined {
    const transaction = this.transactions.get(id);
    return transaction !== undefined && this.#isOpen(transaction) ? transaction : undefined;
  }

  end(transaction: Transaction): void {
    this.transactions.delete(transaction.id);
    if (!transaction.isOver) transaction.end();
  }

  #isOpen(transaction: Transaction): boolean {
    if (transaction.isOver) return false;
    if (this.#options.clock.monotonic() < transaction.expiresAt) return true;
    this.end(transaction);
    return false;
  }

  /** Whether a write in a transaction conflicts with something that is no client's. */
  conflicts(): boolean {
    const { conflictShare = 0, random, onTrouble } = this.#options;
    if (conflictShare === 0 || random.fraction() >= conflictShare) return false;
    onTrouble?.("conflict");
    return true;
  }

  /** Whoever holds the document or key now; one that has lived too long holds nothing. */
  holder(held: ReadonlyMap<string, Transaction>, key: string): Transaction | undefined {
    const transaction = held.get(key);
    return transaction !== undefined && this.#isOpen(transaction) ? transaction : undefined;
  }

  /** Writes outside of transactions wait for those that hold what they want. */
  async released(transaction: Transaction, asker: Asker): Promise<void> {
    await this.hang<void>({ asker, isDone: false }, (resolve) => {
      transaction.onEnd.push(resolve);
      const leftMs = Math.max(0, transaction.expiresAt - this.#options.clock.monotonic());
      return this.after(leftMs, () => this.end(transaction));
    });
    this.#assertReaches(asker);
  }

  #assertReaches({ wire }: Asker): void {
    if (this.isOver || this.#isCut(wire)) throw connectionClosed();
  }

  /** Breaks the connections of those that it does not reach any more. */
  cutOff(isCut: (wire: Wire) => boolean): void {
    this.#isCut = isCut;
    for (const hang of [...this.#hangs]) if (isCut(hang.asker.wire)) hang.reject(connectionClosed());
  }

  /** Aborts what is open, and answers everybody. Returns how many transactions were aborted. */
  finish(how: End): number {
    this.isOver = true;
    this.#round?.cancel();
    const open = [...this.transactions.values()].filter((transaction) => this.#isOpen(transaction));
    for (const hang of [...this.#hangs]) hang.reject(how === "killed" ? connectionClosed() : steppedDown(hang));
    for (const transaction of open) this.end(transaction);
    this.onMajority.clear();
    return open.length;
  }
}

function steppedDown({ isDone, asker }: Hang): Error {
  const error = isDone ? steppedDownWhileWaiting() : interrupted();
  if (asker.isCommit === true) error.addErrorLabel(RETRYABLE);
  return error;
}
