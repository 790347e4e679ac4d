/** Whether the projector has written to PostgreSQL all that was read of the logs: by checkpoints, no row is counted. */
import postgres from "postgres";
import type { LogPositions } from "./event-tally.ts";

export interface ProjectionWatch extends AsyncDisposable {
  /** True once every writer stands where `positions` does, or further. */
  hasReached(positions: LogPositions): Promise<boolean>;
}

/** `url` is that of a role that may read the checkpoints. */
export function openProjectionWatch(url: string): ProjectionWatch {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  return {
    async hasReached(positions) {
      const rows = await sql<{ set_id: string; writer: string; sequence: string }[]>`
        SELECT set_id, writer, sequence FROM godwit.checkpoint WHERE projection = 'report'`;
      const reached = new Map(rows.map((row) => [`${row.set_id} ${row.writer}`, Number(row.sequence)]));
      return [...positions].every(([set, writers]) =>
        [...writers].every(([writer, sequence]) => (reached.get(`${set} ${writer}`) ?? 0) >= sequence),
      );
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  };
}
