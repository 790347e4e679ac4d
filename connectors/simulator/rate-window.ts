/** Counting within a window of time, for limits. Times are milliseconds of any one clock that never goes back. */

/** How many came in the current window of `windowMs`, this one included; windows start at its multiples. */
export interface RateWindow {
  count(nowMs: number): number;
}

export function createRateWindow(windowMs: number): RateWindow {
  let current = Number.NaN;
  let counted = 0;
  return {
    count(nowMs) {
      const window = Math.floor(nowMs / windowMs);
      if (window !== current) {
        current = window;
        counted = 0;
      }
      counted++;
      return counted;
    },
  };
}

export interface KeyedWindows {
  /** How many came with this key since the first of the last `windowMs`, this one included. */
  count(key: string, windowMs: number, nowMs: number): number;
}

/** Past `keysMax` the key that began first is forgotten. */
export function createKeyedWindows(keysMax: number): KeyedWindows {
  const windows = new Map<string, { readonly since: number; counted: number }>();
  return {
    count(key, windowMs, nowMs) {
      const window = windows.get(key);
      if (window !== undefined && nowMs - window.since < windowMs) {
        window.counted++;
        return window.counted;
      }
      windows.delete(key);
      if (windows.size >= keysMax) forgetOldest(windows);
      windows.set(key, { since: nowMs, counted: 1 });
      return 1;
    },
  };
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
