/** The bell of a memory set: rings in the same turn as the commit. Delayed chunks ring when they are put there. */
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import type { Bell } from "../store.ts";
import type { MemorySet } from "./memory-set.ts";

export function createMemoryBell(data: MemorySet, clock: Clock, lanes: readonly Lane[]): Bell {
  let rung = false;
  let end: (() => void) | undefined;
  const ring = (on: ReadonlySet<Lane>): void => {
    if (!lanes.some((lane) => on.has(lane))) return;
    rung = true;
    end?.();
  };
  data.bells.add(ring);
  return {
    async wait(ms, signal) {
      if (!rung) {
        const waited = new AbortController();
        end = () => waited.abort();
        await clock.sleep(ms, AbortSignal.any([signal, waited.signal]));
        end = undefined;
      }
      rung = false;
    },
    [Symbol.dispose]() {
      data.bells.delete(ring);
    },
  };
}
