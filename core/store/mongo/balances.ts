/** What lies on the allotments of a set. Both reads are served by the primary index. */
import { type ClientSession, Long, type MongoClient } from "mongodb";
import type { Micros } from "#domain/money.ts";
import type { AllotmentId } from "../charge.ts";
import type { Store } from "../store.ts";
import type { Collections } from "./documents.ts";
import type { Guard } from "./guard.ts";

export function createBalances(deps: {
  readonly client: MongoClient;
  readonly collections: Pick<Collections, "allotments">;
  readonly guarded: Guard;
}): Pick<Store, "balances" | "allotments"> {
  const { client, guarded } = deps;
  const { allotments: documents } = deps.collections;

  async function read(ids: readonly AllotmentId[], session?: ClientSession) {
    const options = { promoteLongs: false, ...(session && { session }) };
    const rows = await documents.find({ _id: { $in: [...ids] } }, options).toArray();
    return new Map(rows.map(({ _id, micros }) => [_id as AllotmentId, micros.toBigInt() as Micros]));
  }

  return {
    balances: (ids, options) =>
      guarded("read balances of", async () => {
        if (options?.atOnce !== true) return read(ids);
        // A find lets others write after every 128 documents that it has looked at; a transaction does not see them. A
        // session with snapshots would do, but sets keep no history for it: it costs every claim (docs/OPERATE.md).
        const session = client.startSession({ causalConsistency: false });
        try {
          session.startTransaction({ readConcern: { level: "snapshot" } });
          const held = await read(ids, session);
          await session.abortTransaction();
          return held;
        } finally {
          await session.endSession();
        }
      }),
    allotments: ({ after = "", max }) =>
      guarded("list the money of", async () => {
        const filter = { _id: { $gt: after as string }, micros: { $gt: Long.ZERO } };
        const rows = await documents.find(filter, { sort: { _id: 1 }, limit: max, promoteLongs: false }).toArray();
        return rows.map(({ _id, micros }) => ({ id: _id as AllotmentId, micros: micros.toBigInt() as Micros }));
      }),
  };
}
