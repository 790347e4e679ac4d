/**
 * A session with its transaction, in the states and with the labels of the driver's own (mongodb/src/sessions.ts). A
 * commit whose answer was lost is asked for once more before anybody hears of it.
 */
import { MongoError, MongoNetworkError, MongoServerSelectionError, MongoWriteConcernError } from "mongodb";
import { isNotPrimary, RETRYABLE, TRANSIENT, UNKNOWN_COMMIT } from "./driver-errors.ts";
import type { Asker, Primary } from "./primary.ts";
import type { Sender } from "./sim-client.ts";
import { abortTransaction, commitTransaction, type InTransaction } from "./sim-command.ts";

type State = "none" | "starting" | "in_progress" | "committed" | "aborted";

export class SimSession {
  readonly #sender: Sender;
  readonly #id: string;
  #number = 0;
  #state: State = "none";

  constructor(sender: Sender, id: string) {
    this.#sender = sender;
    this.#id = id;
  }

  inTransaction(): boolean {
    return this.#state === "starting" || this.#state === "in_progress";
  }

  startTransaction(): void {
    if (this.inTransaction()) throw new Error("Transaction already in progress");
    this.#number++;
    this.#state = "starting";
  }

  get #transaction(): string {
    return `${this.#id}:${this.#number}`;
  }

  /** Runs one operation of the transaction. */
  async send<T>(run: (primary: Primary, asker: Asker, of: InTransaction) => Promise<T>): Promise<T> {
    const starts = this.#state === "starting";
    const of = { id: this.#transaction, starts };
    this.#state = "in_progress";
    try {
      return await this.#sender.send((primary, asker) => run(primary, asker, of));
    } catch (error) {
      // Nothing was sent, so nothing was started.
      if (starts && error instanceof MongoServerSelectionError) this.#state = "starting";
      if (error instanceof MongoNetworkError || isNotPrimary(error)) error.addErrorLabel(TRANSIENT);
      throw error;
    }
  }

  async commitTransaction(): Promise<void> {
    const wasStarted = this.#state === "in_progress";
    this.#state = "committed";
    if (!wasStarted) return;
    const id = this.#transaction;
    const commit = () =>
      this.#sender.send((primary, asker) => commitTransaction(primary, asker, id), { isCommit: true });
    try {
      await commit().catch(labelled).catch(onceMore(commit));
    } catch (error) {
      if (error instanceof MongoError && isUnknown(error)) error.addErrorLabel(UNKNOWN_COMMIT);
      throw error;
    }
  }

  /** Never says that it failed, like the driver's. */
  async abortTransaction(): Promise<void> {
    const wasStarted = this.#state === "in_progress";
    this.#state = "aborted";
    if (!wasStarted) return;
    const id = this.#transaction;
    const abort = () => this.#sender.send((primary) => abortTransaction(primary, id));
    await abort()
      .catch(labelled)
      .catch(onceMore(abort))
      .catch(() => undefined);
  }

  async endSession(): Promise<void> {
    if (this.inTransaction()) await this.abortTransaction();
  }
}

function labelled(error: unknown): never {
  if (error instanceof MongoNetworkError || isNotPrimary(error)) error.addErrorLabel(RETRYABLE);
  throw error;
}

function onceMore(run: () => Promise<void>): (error: unknown) => Promise<void> {
  return async (error) => {
    if (!(error instanceof MongoError && error.hasErrorLabel(RETRYABLE))) throw error;
    await run().catch(labelled);
  };
}

function isUnknown(error: MongoError): boolean {
  return error.hasErrorLabel(RETRYABLE) || error instanceof MongoWriteConcernError || error.code === 50;
}
