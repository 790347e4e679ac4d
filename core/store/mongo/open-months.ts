/** Makes the collections of months. Idempotent, and safe while others do it too or write to the months before. */
import { type Db, MongoServerError } from "mongodb";
import { LOOKUP_INDEX, openCollections } from "./documents.ts";
import { eventsCollection, type Month } from "./months.ts";
import { checkedBy, eventsValidator } from "./validators.ts";

export const NAMESPACE_EXISTS = 48;

/** Opens each of `months`: first its collection and index, and only then may writers find it. */
export async function openMonths(db: Db, months: readonly Month[]): Promise<void> {
  await Promise.all(months.map((month) => openMonth(db, month)));
}

async function openMonth(db: Db, month: Month): Promise<void> {
  const { eventsOf, schema } = openCollections(db);
  await db.createCollection(eventsCollection(month), checkedBy(eventsValidator)).catch((error: unknown) => {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  });
  await eventsOf(month).createIndex(LOOKUP_INDEX);
  const openedAt = { $ifNull: [`$months.${month}`, "$$NOW"] };
  await schema.updateOne({ _id: "schema" }, [{ $set: { [`months.${month}`]: openedAt } }]);
}
