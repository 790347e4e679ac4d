/** Which numbers a route or a rate is for: all that begin so. Pure. */
import { z } from "zod";
import type { E164 } from "#domain/e164.ts";

export const prefixSchema = z
  .string()
  .regex(
    /^\+(?:[1-9][0-9]{0,14})?$/,
    "a prefix is + and the leading digits, the first of which is not 0; + alone matches all",
  );

/** What is kept for the prefixes of a number, longest first. At most 16 probes: a number has at most 15 digits. */
export function prefixesOf<Row>(to: E164, rows: ReadonlyMap<string, Row>): readonly Row[] {
  const found: Row[] = [];
  for (let length = to.length; length >= 1; length--) {
    const row = rows.get(to.slice(0, length));
    if (row !== undefined) found.push(row);
  }
  return found;
}
