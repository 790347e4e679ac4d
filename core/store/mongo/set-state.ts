/** What a set keeps for all of its life: how it stands, and its opt-outs. */
import { type OptOutKey, parseOptOutKey, type Store } from "../store.ts";
import type { Collections } from "./documents.ts";
import type { Guard } from "./guard.ts";

export function createSetState(
  { standing, optOuts }: Collections,
  guarded: Guard,
): Pick<Store, "standing" | "declareStanding" | "optedOut" | "optOutChanges"> {
  return {
    standing: () =>
      guarded("ask for the standing of", async () => {
        return (await standing.findOne({ _id: "standing" }))?.standing ?? "in_service";
      }),
    declareStanding: (declared) =>
      guarded("declare the standing of", async () => {
        const set = { standing: declared, at: "$$NOW" };
        await standing.updateOne({ _id: "standing" }, [{ $set: set }], { upsert: true });
      }),
    optedOut: (pairs) =>
      guarded("read opt-outs of", async () => {
        if (pairs.length === 0) return new Set();
        const rows = await optOuts.find({ _id: { $in: [...pairs] }, out: true }).toArray();
        return new Set(rows.map((row) => row._id as OptOutKey));
      }),
    // Served by the primary index.
    optOutChanges: ({ after, max }) =>
      guarded("list the opt-outs of", async () => {
        const filter = after === undefined ? {} : { _id: { $gt: after as string } };
        const rows = await optOuts.find(filter, { sort: { _id: 1 }, limit: max }).toArray();
        return rows.map(({ _id, out, at }) => ({ ...parseOptOutKey(_id as OptOutKey), out, at }));
      }),
  };
}
