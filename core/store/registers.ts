/**
 * Small named documents of a set that several processes change by compare-and-set, such as who holds which bind of a
 * provider. For a few of them, changed a few times a second at most.
 */

export interface Registers {
  /** What a majority has; a deposed primary may tell of the past, and `replace` will find that out. */
  read(name: string): Promise<Register>;
  /**
   * Durable on a majority when it resolves with true. False: it is not at `version` any more, and nothing was written.
   * A StoreError leaves open whether it was.
   */
  replace(name: string, version: number, body: unknown): Promise<boolean>;
}

export interface Register {
  /** 0: nothing was ever written there. Each write makes it one more. */
  readonly version: number;
  readonly body: unknown;
  /** The set's clock at the read, in milliseconds since the epoch. */
  readonly now: number;
}
