/** How an idle loop of a worker or a connector waits: for its bell, as long as it may work. */
import type { Bell } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";

/** A bell that never rings, against its promise, costs no more than this. */
const IDLE_MAX_MS = 10_000;
/**
 * Whether the loop may still work is looked at this often. It asks nobody but its own process, and 4 looks a second
 * were a tenth of what idling costs.
 */
const LOOK_MS = 1_000;

/** Until the bell rings, the loop may not work any more, or IDLE_MAX_MS have passed. */
export async function untilWork(
  bell: Bell,
  loop: { readonly clock: Clock; readonly signal: AbortSignal; readonly mayWork: () => boolean },
): Promise<void> {
  const { clock, signal, mayWork } = loop;
  const end = clock.monotonic() + IDLE_MAX_MS;
  while (!signal.aborted && mayWork() && clock.monotonic() < end) {
    if (await bell.wait(LOOK_MS, signal)) return;
  }
}
