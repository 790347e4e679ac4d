/** Items into chunks of a lane, within their bounds. */

import { fitChunks } from "#core/store/chunk-bounds.ts";
import type { NewChunk } from "#core/store/store.ts";
import type { IdMint } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import { countPositions } from "./send-positions.ts";

export function toChunks(mint: IdMint, lane: Lane, items: readonly unknown[], delayMs?: number): readonly NewChunk[] {
  return fitChunks(items, (item) => JSON.stringify(item).length + 1).map((run) => ({
    id: mint.chunkId(),
    lane,
    items: run,
    ...(delayMs === undefined ? {} : { delayMs }),
  }));
}

/**
 * Submit chunks carry their number of send positions: the segments of their messages, in order; and the moment by which
 * somebody must see to them even if no connector does: when the first of their messages expires.
 */
export function toSubmitChunks(
  mint: IdMint,
  lane: Lane,
  items: readonly SubmitItem[],
  delayMs?: number,
): readonly NewChunk[] {
  return toChunks(mint, lane, items, delayMs).map((chunk) => {
    const held = chunk.items as readonly SubmitItem[];
    const positions = held.reduce((sum, { text }) => sum + countPositions(text), 0);
    const actBy = earliestExpiry(held);
    return { ...chunk, positions, ...(actBy === undefined ? {} : { actBy }) };
  });
}

export function earliestExpiry(items: readonly Pick<SubmitItem, "expireAt">[]): number | undefined {
  const expiries = items.flatMap(({ expireAt }) => expireAt ?? []);
  return expiries.length === 0 ? undefined : Math.min(...expiries);
}
