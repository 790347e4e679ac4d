/** I5: the events of every message give the same state in any order, each once or twice. */
import { canonicalJson } from "#domain/canonical-json.ts";
import { foldEvents } from "#domain/fold.ts";
import { seededStream, shuffled } from "../../seeded-random.ts";
import { eventsByMessage, type History } from "../history.ts";

const ORDERS = 2;

/** `fold`: another one, to see that it is found out. */
export function checkOrderFreeFold({ sets }: History, fold: typeof foldEvents = foldEvents): readonly string[] {
  const random = seededStream(sets.length, "orders");
  return [...eventsByMessage(sets)].flatMap(([id, events]) => {
    const one = canonicalJson(fold(events));
    for (let i = 0; i < ORDERS; i++) {
      const twice = shuffled(random, [...events, ...events.slice(0, events.length >> 1)]);
      if (canonicalJson(fold(twice)) !== one) return [`${id} has another state in another order`];
    }
    return [];
  });
}
