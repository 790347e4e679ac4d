/** What the checker asks of a set: its log and how deep its lanes are. Every Store is one. */
import type { EventLog, Store } from "#core/store/store.ts";

export interface EventSource extends Pick<Store, "set" | "depth">, Partial<Pick<Store, "allotments">> {
  readonly events: Pick<EventLog, "read" | "writers">;
}
