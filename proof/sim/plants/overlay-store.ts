/** The same store but for some of its methods: how a plant gets between a role and its store. */
import type { Store } from "#core/store/store.ts";

export function overlayStore(store: Store, changed: Partial<Store>): Store {
  const properties = Object.entries(changed).map(([name, value]) => [name, { value }] as const);
  return Object.create(store, Object.fromEntries(properties)) as Store;
}
