/** Concurrent loops that stop together: on request, when there is nothing left to do, or all when one of them fails. */

export interface Loops {
  /** True when every loop has ended. */
  readonly ended: boolean;
  /** Resolves when every loop has ended, whatever the reason. Never rejects. */
  readonly whenEnded: Promise<void>;
  /** Lets each finish its round; rejects with the first failure. */
  stop(): Promise<void>;
}

/** Runs `count` loops; `round` answers false when its loop is over. */
export function startLoops(count: number, round: (loop: number) => Promise<boolean>, signal: AbortSignal): Loops {
  let stopped = false;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  async function run(loop: number): Promise<void> {
    try {
      while (!stopped && !signal.aborted && (await round(loop)));
    } catch (error) {
      failure ??= { error };
      stopped = true;
    }
  }
  const whenEnded = Promise.all(Array.from({ length: count }, (_, loop) => run(loop))).then(() => {
    ended = true;
  });
  return {
    get ended() {
      return ended;
    },
    whenEnded,
    async stop() {
      stopped = true;
      await whenEnded;
      if (failure !== undefined) throw failure.error;
    },
  };
}
