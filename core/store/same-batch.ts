/** Whether two batches say the same: their numbers are compared by whoever asks, their times do not matter. */
import { canonicalJson } from "#domain/canonical-json.ts";
import type { EventBatch } from "./store.ts";

export function isSameBatch(a: Pick<EventBatch, "kind" | "events">, b: Pick<EventBatch, "kind" | "events">): boolean {
  return a.kind === b.kind && canonicalJson(a.events) === canonicalJson(b.events);
}
