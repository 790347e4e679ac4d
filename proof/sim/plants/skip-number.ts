/** Planted: a worker's writers leave out their third number. */
import type { Document } from "mongodb";
import { batchId, parseBatchId } from "#core/store/mongo/documents.ts";
import type { Plant } from "../plant.ts";
import { wrapCollections } from "./wrap-collections.ts";

const LEFT_OUT = 3;

export const skipNumber: Plant = {
  name: "skip-number",
  wrapClient(client, { role }) {
    if (!role.startsWith("worker")) return client;
    return wrapCollections(client, (name) =>
      name.startsWith("events")
        ? { insertOne: (inner) => (document, options) => inner(shifted(document as Document), options) }
        : {},
    );
  },
};

function shifted(document: Document): Document {
  const { writer, sequence } = parseBatchId(String(document._id));
  return sequence < LEFT_OUT ? document : { ...document, _id: batchId(writer, sequence + 1) };
}
