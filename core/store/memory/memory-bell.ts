/** The bell of a memory set: rings in the same turn as the commit. What else becomes ready is found every `pollMs`. */
import type { Clock } from "#domain/clock.ts";
import type { Lane } from "#domain/lane.ts";
import type { Bell } from "../store.ts";
import type { MemorySet } from "./memory-set.ts";

export function createMemoryBell(
  { data, clock }: { readonly data: MemorySet; readonly clock: Clock },
  lanes: readonly Lane[],
  pollMs: number,
): Bell {
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
        await clock.sleep(Math.min(ms, pollMs), AbortSignal.any([signal, waited.signal]));
        end = undefined;
      }
      // Time passes for delayed chunks too, and looking is free here.
      const wasRung = rung || (pollMs < ms && !signal.aborted);
      rung = false;
      return wasRung;
    },
    [Symbol.dispose]() {
      data.bells.delete(ring);
    },
  };
}
