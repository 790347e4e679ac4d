/** A client some of whose collections do something else: how a plant gets below the store. */
import type { MongoClient } from "mongodb";

export type Method = (...args: readonly unknown[]) => unknown;

/** By method: what takes the place of the real one, which it is given. */
export type Changed = Readonly<Record<string, (inner: Method) => Method>>;

export function wrapCollections(client: MongoClient, change: (collection: string) => Changed): MongoClient {
  return replaceMethods(client, {
    db: (openDatabase) => (database) =>
      replaceMethods(openDatabase(database) as object, {
        collection: (openCollection) => (name) => replaceMethods(openCollection(name) as object, change(String(name))),
      }),
  });
}

/** The same object but for some of its methods, also where it has private parts. */
export function replaceMethods<T extends object>(target: T, changed: Changed): T {
  return new Proxy(target, {
    get(held, key) {
      const value: unknown = Reflect.get(held, key, held);
      if (typeof value !== "function") return value;
      const inner: Method = (...args) => Reflect.apply(value, held, args) as unknown;
      const wrap = typeof key === "string" && Object.hasOwn(changed, key) ? changed[key] : undefined;
      return wrap === undefined ? inner : wrap(inner);
    },
  });
}
