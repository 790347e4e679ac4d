/** Whether two batches say the same: their numbers are compared by whoever asks, their times do not matter. */
import type { EventBatch } from "./store.ts";

export function isSameBatch(a: Pick<EventBatch, "kind" | "events">, b: Pick<EventBatch, "kind" | "events">): boolean {
  return a.kind === b.kind && JSON.stringify(a.events.map(canonical)) === JSON.stringify(b.events.map(canonical));
}

/** The order of fields says nothing: PostgreSQL keeps some of them apart. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, canonical(inner)]),
  );
}
