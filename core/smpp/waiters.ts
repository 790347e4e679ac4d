/** Those who wait for the same thing: all of them are let go at once. */
export interface Waiters {
  wait(): Promise<void>;
  release(): void;
}

export function createWaiters(): Waiters {
  let waiting = Promise.withResolvers<void>();
  return {
    wait: () => waiting.promise,
    release() {
      waiting.resolve();
      waiting = Promise.withResolvers<void>();
    },
  };
}
