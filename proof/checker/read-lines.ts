/** Lines of JSON of a file of any size, one block in memory at a time; a file that is not there has none. */
import { createReadStream, existsSync } from "node:fs";

export type Line = Readonly<Record<string, unknown>>;

const BLOCK_BYTES = 1 << 17;

/** Throws on a line that is not JSON, but for an unended last one: the writer may have been killed in it. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  if (!existsSync(file)) return;
  let rest = "";
  for await (const block of createReadStream(file, { encoding: "utf8", highWaterMark: BLOCK_BYTES })) {
    const lines = (rest + String(block)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Line;
  }
  const last = parseOrNone(rest);
  if (last !== undefined) yield last;
}

function parseOrNone(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
