/** Whether two batches say the same: their numbers are compared by whoever asks, their times do not matter. */
import { canonicalJson } from "#domain/canonical-json.ts";
import type { EventBatch } from "./store.ts";

type Said = Pick<EventBatch, "kind" | "events" | "entries">;

export function isSameBatch(a: Said, b: Said): boolean {
  const said = ({ events, entries = [] }: Said): string => canonicalJson([events, entries]);
  return a.kind === b.kind && said(a) === said(b);
}
