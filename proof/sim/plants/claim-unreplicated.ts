/** Planted: a connector's claims, and the marks in them, are answered before a majority has them. */
import type { Document } from "mongodb";
import type { Plant } from "../plant.ts";
import { type Method, wrapCollections } from "./wrap-collections.ts";

const LOCAL = { w: 1, journal: false };

export const claimUnreplicated: Plant = {
  name: "claim-unreplicated",
  wrapClient(client, { role }) {
    if (!role.startsWith("connector")) return client;
    const local =
      (inner: Method): Method =>
      (filter, update, options) => {
        const given = (options ?? {}) as Document;
        return inner(filter, update, given.session === undefined ? { ...given, writeConcern: LOCAL } : given);
      };
    return wrapCollections(client, (name) => (name === "chunks" ? { findOneAndUpdate: local, updateMany: local } : {}));
  },
};
