/** Planted: the projector moves its checkpoint past a batch in ten, and writes nothing of it. */
import type { EventBatch } from "#core/store/store.ts";
import type { Plant } from "../plant.ts";

const ONE_IN = 10;

export const passUnwritten: Plant = {
  name: "pass-unwritten",
  wrapReports: (reports, { process }) => ({
    ...reports,
    write(options) {
      const emptied = (batch: EventBatch): EventBatch =>
        process.random.fraction() < 1 / ONE_IN ? { ...batch, events: [] } : batch;
      return reports.write({ ...options, batches: options.batches.map(emptied) });
    },
  }),
};
