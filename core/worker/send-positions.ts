/**
 * Send positions of a submit chunk: the segments of its messages, one after the other. Whoever takes such a chunk over,
 * a connector or the sweep, counts them here, and so tells alike what is settled, in doubt or clean. Pure.
 */
import type { Progress } from "#core/store/store.ts";
import { encodingOfPart, type SegmentedText, segmentText, type TextEncoding } from "#domain/encoding/segment-text.ts";
import type { SubmitItem } from "#domain/item.ts";

export interface Position {
  readonly index: number;
  readonly item: SubmitItem;
  readonly segment: number;
  readonly segments: number;
  readonly encoding: TextEncoding;
  readonly part: string;
}

export function toPositions(items: readonly SubmitItem[]): readonly Position[] {
  const positions: Position[] = [];
  for (const item of items) {
    const { encoding, parts } = partsOf(item);
    parts.forEach((part, segment) => {
      positions.push({ index: positions.length, item, segment, segments: parts.length, encoding, part });
    });
  }
  return positions;
}

/** What its sender has cut up is one part, in the alphabet that its neighbours have too. */
function partsOf({ text, concat, encoding }: SubmitItem): SegmentedText {
  return concat === undefined ? segmentText(text) : { parts: [text], encoding: encodingOfPart(text, encoding) };
}

/** Counted from the text, and not from a field that could disagree with it. */
export function countPositions(text: string): number {
  return segmentText(text).parts.length;
}

/** What a new holder finds of a position: done with, possibly sent (below the mark of before), or surely not sent. */
export type FoundState = "settled" | "doubted" | "clean";

export function foundState(index: number, progress: Progress): FoundState {
  if (index < progress.settledTo || progress.settledBeyond.includes(index)) return "settled";
  return index < progress.priorMark ? "doubted" : "clean";
}
