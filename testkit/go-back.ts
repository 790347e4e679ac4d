/** Puts a set back by one step, as if a backup from just before it had been restored. No process may have it open. */
import { MongoClient } from "mongodb";
import { DATABASE } from "./platform-sets.ts";
import type { ReplicaSet } from "./replica-set.ts";

/** Removes the newest event batch of the set, and the end of its writer with it. Throws when there is none. */
export async function goBack({ name, adminUri }: Pick<ReplicaSet, "name" | "adminUri">): Promise<void> {
  await using client = await new MongoClient(adminUri).connect();
  const database = client.db(DATABASE);
  for (const { name: events } of await database.listCollections({ name: /^events/ }).toArray()) {
    const batches = database.collection<{ readonly _id: string }>(events);
    const last = await batches.find({ kind: "events" }).sort({ at: -1 }).limit(1).next();
    if (last === null) continue;
    const [writer = ""] = last._id.split(":");
    await batches.deleteMany({ _id: { $gte: last._id, $lt: `${writer};` } });
    return;
  }
  throw new Error(`Cannot put set ${name} back as it has no events`);
}
