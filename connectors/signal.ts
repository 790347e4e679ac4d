/** "Look again": set any number of times, it wakes the waiter once. One waiter at a time. */
export interface Signal {
  set(): void;
  /** Resolves when it is set, at once if it was set before, or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createSignal(): Signal {
  let raised = false;
  let resolveWaiter: (() => void) | undefined;
  return {
    set() {
      raised = true;
      resolveWaiter?.();
    },
    async wait(signal) {
      if (!raised && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            signal.removeEventListener("abort", done);
            resolve();
          };
          resolveWaiter = done;
          signal.addEventListener("abort", done);
        });
      }
      resolveWaiter = undefined;
      raised = false;
    },
  };
}
