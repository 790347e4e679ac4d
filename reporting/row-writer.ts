/** Rows of any number → COPY, a block at a time. */
import { copyLine } from "./projector/cell-text.ts";
import type { Cell } from "./reports-database.ts";

/**
 * Small on purpose: what was sent is garbage, and the more of it a block makes, the later it is collected. A million
 * takes the checker 60 MB more, and is no faster.
 */
const BLOCK_CHARACTERS = 256_000;

export interface RowWriter {
  /** Resolves at once but for each time a block is full. */
  write(cells: readonly Cell[]): Promise<void> | undefined;
  /** Sends what is left. */
  flush(): Promise<void>;
}

/** Lines are held as they are and joined once: a text that grows by `+=` is a tree of its parts until it is sent. */
export function createRowWriter(send: (lines: string) => Promise<void>): RowWriter {
  let lines: string[] = [];
  let characters = 0;
  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    const block = lines.join("");
    lines = [];
    characters = 0;
    await send(block);
  }
  return {
    write(cells) {
      const line = copyLine(cells);
      lines.push(line);
      characters += line.length;
      return characters > BLOCK_CHARACTERS ? flush() : undefined;
    },
    flush,
  };
}
