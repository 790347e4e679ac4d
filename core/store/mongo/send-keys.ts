/** Keys of requests (invariant I11) as they are stored: one document a step, whose keys are unique over all of them. */
import type { SendKey, SendKeyId, SendRecord } from "../store.ts";
import type { Collections, SendKeysDocument } from "./documents.ts";

export function toSendKeysDocument(batch: string, keys: readonly SendKey[], at: Date): SendKeysDocument {
  const records = JSON.stringify(keys.map(({ record }) => record));
  const isForever = keys.some(({ forever }) => forever);
  return { _id: batch, ...(isForever ? {} : { at }), keys: keys.map(({ id }) => id), records };
}

/** Served by SEND_KEY_INDEX. At majority: what a caller is answered from can never be rolled back. */
export async function findSendKeys(
  { sendKeys }: Collections,
  keys: readonly SendKeyId[],
): Promise<ReadonlyMap<SendKeyId, SendRecord>> {
  const found = new Map<SendKeyId, SendRecord>();
  if (keys.length === 0) return found;
  const wanted = new Set<string>(keys);
  const documents = await sendKeys.find({ keys: { $in: [...keys] } }, { readConcern: { level: "majority" } }).toArray();
  for (const document of documents) {
    const records = JSON.parse(document.records) as readonly SendRecord[];
    document.keys.forEach((key, i) => {
      const record = records[i];
      if (wanted.has(key) && record !== undefined) found.set(key as SendKeyId, record);
    });
  }
  return found;
}
