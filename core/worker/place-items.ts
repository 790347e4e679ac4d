/**
 * Where the items of a submit chunk lie among its send positions, also when some of them cannot be read: positions
 * count on from the first item, and back from the last. Only between two items whose text is lost no place is known.
 * Total on any items; pure.
 */
import { z } from "zod";
import type { Hold } from "#core/store/store.ts";
import { messageIdSchema } from "#domain/ids.ts";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { countPositions, foundState } from "./send-positions.ts";

/** What can be had of an item that is none of this lane. */
const remainsSchema = z
  .object({
    id: messageIdSchema.optional().catch(undefined),
    text: z.string().optional().catch(undefined),
    attempt: z.int().positive().catch(1),
    doneSegments: z.array(z.int().nonnegative()).catch([]),
  })
  .catch({ id: undefined, text: undefined, attempt: 1, doneSegments: [] });
type Remains = z.output<typeof remainsSchema>;

/** An item and what became of its segments. */
export interface PlacedItem {
  readonly raw: unknown;
  /** Undefined: it cannot be read. */
  readonly item: SubmitItem | undefined;
  readonly remains: Remains;
  readonly settled: readonly number[];
  /** They may have been sent. */
  readonly doubted: readonly number[];
  readonly clean: readonly number[];
  /** False: where it lies is unknown, and some of it may have been sent. */
  readonly isCertain: boolean;
}

export function placeItems({ items, progress }: Pick<Hold, "items" | "progress">): readonly PlacedItem[] {
  const read = items.map((raw) => {
    const parsed = submitItemSchema.safeParse(raw);
    const remains = remainsSchema.parse(raw);
    const count = remains.text === undefined ? undefined : countPositions(remains.text);
    return { raw, item: parsed.success ? parsed.data : undefined, remains, count };
  });
  const places = placesOf(
    read.map(({ count }) => count),
    progress.positions,
  );
  // What was given back or opted out is settled beyond the mark.
  const touchedTo = Math.max(progress.priorMark, progress.settledTo, (progress.settledBeyond.at(-1) ?? -1) + 1);
  return read.map(({ raw, item, remains }, i): PlacedItem => {
    const { from, count, isKnown } = places[i] ?? { from: 0, count: 0, isKnown: false };
    // What lies behind everything that was ever touched is clean, wherever it lies exactly.
    const isCertain = isKnown || from >= touchedTo;
    const segments = Array.from({ length: count }, (_, segment) => segment);
    const states = segments.map((segment) => {
      if (remains.doneSegments.includes(segment)) return "settled";
      return isCertain ? foundState(from + segment, progress) : "doubted";
    });
    const those = (wanted: (typeof states)[number]) => segments.filter((segment) => states[segment] === wanted);
    return {
      ...{ raw, item, remains, isCertain },
      ...{ settled: those("settled"), doubted: those("doubted"), clean: those("clean") },
    };
  });
}

interface Place {
  /** Its first position; where that is unknown, the least that it can be. */
  readonly from: number;
  readonly count: number;
  readonly isKnown: boolean;
}

/** `positions` is what the whole chunk has. A single lost count is what the others leave of it. */
function placesOf(counts: readonly (number | undefined)[], positions: number): readonly Place[] {
  const [first, last] = [counts.indexOf(undefined), counts.lastIndexOf(undefined)];
  const rest = positions - counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  let from = 0;
  return counts.map((count, i) => {
    const isLost = first >= 0 && i >= first && i <= last;
    if (i === last) {
      const place = { from, count: first === last ? Math.max(0, rest) : 0, isKnown: first === last && rest > 0 };
      from += Math.max(0, rest);
      return place;
    }
    const place = { from, count: count ?? 0, isKnown: !isLost };
    from += count ?? 0;
    return place;
  });
}
