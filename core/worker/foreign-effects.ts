/**
 * Effects on other sets travel as items on lane `relay.<set>`, committed with the step that caused them, so no
 * distributed transaction is needed. Applying one twice is the same as once: events fold, opt-outs go by time.
 */

import type { NewChunk } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type SetId, setOfMessage } from "#domain/ids.ts";
import type { OptOutChange, RelayItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Notice } from "#domain/notice.ts";
import { usedStores, type WorkContext } from "./work-context.ts";

export interface SplitEffects {
  readonly events: readonly MessageEvent[];
  readonly optOuts: readonly OptOutChange[];
  readonly relays: readonly NewChunk[];
  /** About messages of `own`. */
  readonly notices: readonly Notice[];
}

/**
 * What belongs to `own`, and relay chunks for the rest. A notice travels with the events that it is about. An opt-out
 * belongs to every set in use. Events of a message on a retired set can go nowhere: do not give them here.
 */
export function splitEffects(
  context: WorkContext,
  own: SetId,
  effects: {
    readonly events: readonly MessageEvent[];
    readonly optOuts: readonly OptOutChange[];
    readonly notices?: readonly Notice[];
  },
): SplitEffects {
  const { mint } = context;
  const bySet = new Map<SetId, MessageEvent[]>();
  for (const event of effects.events) {
    const set = setOfMessage(event.message);
    bySet.set(set, [...(bySet.get(set) ?? []), event]);
  }
  const noticesBySet = Map.groupBy(effects.notices ?? [], ({ message }) => setOfMessage(message));
  const targets = new Set([...bySet.keys(), ...(effects.optOuts.length > 0 ? setsInUse(context) : [])]);
  targets.delete(own);
  const relays = [...targets].flatMap((set): NewChunk[] => {
    const events = bySet.get(set) ?? [];
    const items: RelayItem[] = [];
    for (let i = 0; i === 0 || i < events.length; i += CHUNK_ITEMS_MAX) {
      const optOuts = i === 0 ? [...effects.optOuts] : [];
      const some = events.slice(i, i + CHUNK_ITEMS_MAX);
      const notices = noticesAbout(some, noticesBySet.get(set) ?? []);
      items.push({ id: mint.unique(), events: some, optOuts, ...(notices.length > 0 && { notices }) });
    }
    return items.map((item) => ({ id: mint.chunkId(), lane: lanes.relay(set), items: [item] }));
  });
  const notices = noticesBySet.get(own) ?? [];
  return { events: bySet.get(own) ?? [], optOuts: effects.optOuts, relays, notices };
}

/** Those about one of these events. */
function noticesAbout(events: readonly MessageEvent[], notices: readonly Notice[]): Notice[] {
  if (notices.length === 0) return [];
  const keys = new Set(events.map((event) => `${event.message} ${event.type} ${event.at}`));
  return notices.filter(({ message, event, at }) => keys.has(`${message} ${event} ${at}`));
}

/** Those too that this process has no address of yet: one that has will find what is for them. */
function setsInUse(context: WorkContext): readonly SetId[] {
  return [...usedStores(context).map(({ set }) => set), ...context.directory.unknownSets()];
}
