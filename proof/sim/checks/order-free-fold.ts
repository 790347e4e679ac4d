/** I5: the events of every message give the same state in any order, each once or twice. */
import { foldEvents } from "#domain/fold.ts";
import { seededStream, shuffled } from "../../seeded-random.ts";
import { eventsByMessage, type History } from "../history.ts";

const ORDERS = 2;

/** `fold`: another one, to see that it is found out. */
export function checkOrderFreeFold({ sets }: History, fold: typeof foldEvents = foldEvents): readonly string[] {
  const random = seededStream(sets.length, "orders");
  return [...eventsByMessage(sets)].flatMap(([id, events]) => {
    const one = sorted(fold(events));
    for (let i = 0; i < ORDERS; i++) {
      const twice = shuffled(random, [...events, ...events.slice(0, events.length >> 1)]);
      if (sorted(fold(twice)) !== one) return [`${id} has another state in another order`];
    }
    return [];
  });
}

/** JSON that does not depend on the order in which fields were set. */
export function sorted(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === "object" && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}
