/** Opens a process's stores, one a set, and closes them together. */
import type { SetConfig } from "#core/config/sets.ts";
import type { SetId } from "#domain/ids.ts";
import type { Store } from "../store.ts";
import { type MongoStoreOptions, openMongoStore } from "./open-mongo-store.ts";

export interface MongoStores extends AsyncDisposable {
  readonly bySet: ReadonlyMap<SetId, Store>;
}

export async function openMongoStores(
  sets: readonly SetConfig[],
  shared: Omit<MongoStoreOptions, keyof SetConfig>,
): Promise<MongoStores> {
  const opened = await Promise.all(sets.map((set) => openMongoStore({ ...set, ...shared })));
  return {
    bySet: new Map(opened.map((store) => [store.set, store])),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
    },
  };
}
