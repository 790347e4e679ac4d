/** The bounds of a chunk, checked by every driver before anything is written. */
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { NewChunk } from "./store.ts";

/** The chunk's items as they are stored. Throws RangeError for a chunk no caller should have built. */
export function encodeItems(chunk: NewChunk): string {
  const count = chunk.items.length;
  if (count < 1 || count > CHUNK_ITEMS_MAX) {
    throw new RangeError(
      `Cannot commit a chunk as its items must number between 1 and ${CHUNK_ITEMS_MAX}: current value is ${count}`,
    );
  }
  const text = JSON.stringify(chunk.items);
  // Characters are bounded by bytes from below; a text of 3-byte characters is still far from the document limit.
  if (text.length > CHUNK_BYTES_MAX && count > 1) {
    const bound = `its items must take at most ${CHUNK_BYTES_MAX} characters`;
    throw new RangeError(`Cannot commit a chunk as ${bound}: current value is ${text.length}`);
  }
  return text;
}

/** Splits items into runs that fit a chunk, in order. `sizeOf` estimates one item's JSON. */
export function fitChunks<Item>(items: readonly Item[], sizeOf: (item: Item) => number): readonly (readonly Item[])[] {
  const runs: Item[][] = [];
  let run: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (run.length === CHUNK_ITEMS_MAX || (run.length > 0 && bytes + size > CHUNK_BYTES_MAX - CHUNK_OVERHEAD_BYTES)) {
      runs.push(run);
      run = [];
      bytes = 0;
    }
    run.push(item);
    bytes += size;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** Brackets and commas of 512 items. */
const CHUNK_OVERHEAD_BYTES = 2 * CHUNK_ITEMS_MAX;
