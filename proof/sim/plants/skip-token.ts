/** Planted: a worker's step commits whoever holds its chunks by now, and whether they are there at all. */
import type { Document } from "mongodb";
import type { Plant } from "../plant.ts";
import { wrapCollections } from "./wrap-collections.ts";

export const skipToken: Plant = {
  name: "skip-token",
  wrapClient(client, { role }) {
    if (!role.startsWith("worker")) return client;
    return wrapCollections(client, (name) =>
      name === "chunks"
        ? {
            deleteMany: (inner) => async (filter, options) => {
              const mine = ((filter as Document).$or as readonly Document[] | undefined) ?? [filter as Document];
              await inner({ _id: { $in: mine.map(({ _id }) => _id as unknown) } }, options);
              return { acknowledged: true, deletedCount: mine.length };
            },
          }
        : {},
    );
  },
};
