/** Items into chunks of a lane, within their bounds. */

import { fitChunks } from "#core/store/chunk-bounds.ts";
import type { NewChunk } from "#core/store/store.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { IdMint } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import type { DeadItem } from "./poison.ts";

export function toChunks(mint: IdMint, lane: Lane, items: readonly object[], delayMs?: number): readonly NewChunk[] {
  return fitChunks(items, (item) => JSON.stringify(item).length + 1).map((run) => ({
    id: mint.chunkId(),
    lane,
    items: run,
    ...(delayMs === undefined ? {} : { delayMs }),
  }));
}

/** Submit chunks carry their number of send positions: the segments of their messages, in order. */
export function toSubmitChunks(
  mint: IdMint,
  lane: Lane,
  items: readonly SubmitItem[],
  delayMs?: number,
): readonly NewChunk[] {
  return toChunks(mint, lane, items, delayMs).map((chunk) => ({
    ...chunk,
    positions: (chunk.items as readonly SubmitItem[]).reduce((sum, item) => sum + positionsOf(item), 0),
  }));
}

/** Counted from the text, as the connector does, and not from a field that could disagree with it. */
function positionsOf(item: SubmitItem): number {
  return segmentText(item.text).parts.length;
}

export function deadChunks(mint: IdMint, dead: readonly DeadItem[]): readonly NewChunk[] {
  return dead.map((item) => ({ id: mint.chunkId(), lane: lanes.dead, items: [item] }));
}
