/** Operations that are open at the same time, at most so many. */

export interface OpenGroup {
  readonly size: number;
  /** False when there are as many as may be: then it was not started. */
  start(run: () => Promise<void>): boolean;
  /** Returns once none is open. */
  ended(): Promise<void>;
}

export function createOpenGroup(max: number): OpenGroup {
  const open = new Set<Promise<void>>();
  return {
    get size() {
      return open.size;
    },
    start(run) {
      if (open.size >= max) return false;
      const one = run();
      open.add(one);
      void one.finally(() => open.delete(one));
      return true;
    },
    ended: async () => void (await Promise.all(open)),
  };
}
