/**
 * The projector as reporting/projector has it, round by round, on reports in memory: read after the checkpoint, write
 * facts and checkpoint at once, begin from what is written after any failure. It may die between any two of these.
 */
import type { Store } from "#core/store/store.ts";
import type { WriterId } from "#domain/ids.ts";
import type { StartRole } from "../sim-host.ts";
import type { SimProcess } from "../sim-process.ts";
import type { World } from "../world.ts";

const ROUND_MS = 250;
const WRITERS_REFRESH_MS = 1_000;
const SQL_MS = 3;
/** Small, so that a read ends in the middle of what there is. */
const BATCHES_MAX = 16;

export const startProjector: StartRole = (world, { process, stores }) => {
  for (const store of stores) void projectSet(world, process, store);
  return {};
};

async function projectSet({ reports }: World, { clock }: SimProcess, store: Store): Promise<void> {
  let writers: readonly WriterId[] = [];
  let writersAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      await clock.sleep(SQL_MS);
      const from = reports.positions(store.set);
      if (clock.monotonic() - writersAt > WRITERS_REFRESH_MS) {
        writers = (await store.events.writers()).map(({ writer }) => writer);
        writersAt = clock.monotonic();
      }
      const after = new Map(writers.map((writer) => [writer, from.get(writer) ?? 0]));
      const batches = await store.events.read(after, BATCHES_MAX);
      await clock.sleep(SQL_MS);
      if (batches.length > 0) reports.write(store.set, from, batches);
      await clock.sleep(batches.length === BATCHES_MAX ? SQL_MS : ROUND_MS);
    } catch {
      await clock.sleep(ROUND_MS);
    }
  }
}
