/** Whether PostgreSQL has read writers to their end: asked before their events are dropped for good. */
import type { SetId, WriterId } from "#domain/ids.ts";
import type { ReportsDatabase } from "../reports-database.ts";
import { readPositions } from "./checkpoint.ts";

/** A writer that has ended; `last` is the sequence of its closed batch, or 0 where it has none. */
export interface EndedWriter {
  readonly writer: WriterId;
  readonly last: number;
}

/** Returns why not, none when all have been read. Throws ReportsDatabaseError. */
export async function whyNotProjected(
  database: Pick<ReportsDatabase, "run">,
  set: SetId,
  writers: readonly EndedWriter[],
): Promise<readonly string[]> {
  const positions = await readPositions(database, set);
  const behind = writers.filter(({ writer, last }) => {
    const held = positions.get(writer);
    return last > 0 && !(held?.closed === true && held.sequence === last);
  });
  const [first] = behind;
  if (first === undefined) return [];
  const at = positions.get(first.writer)?.sequence ?? 0;
  const example = `${first.writer} to batch ${at} of ${first.last}`;
  return [`PostgreSQL has not read ${behind.length} of its writers to their end: ${example}`];
}
