/** Whether the projector has written to PostgreSQL all that was read of the logs: by checkpoints, no row is counted. */
import postgres from "postgres";
import type { Platform } from "#testkit/platform.ts";
import type { LogPositions } from "./event-tally.ts";

export interface ProjectionWatch extends AsyncDisposable {
  /** True once every writer stands where `positions` does, or further. */
  hasReached(positions: LogPositions): Promise<boolean>;
  /** Batches of all logs that are in PostgreSQL. */
  batches(): Promise<number>;
}

/** As the administrator: no role of the platform but the projector's may read the checkpoints. */
export function openProjectionWatch({ postgres: server, analystUrl }: Platform): ProjectionWatch {
  const url = new URL(server.adminUri);
  url.pathname = new URL(analystUrl).pathname;
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
  return {
    async hasReached(positions) {
      const rows = await sql<{ set_id: string; writer: string; sequence: string }[]>`
        SELECT set_id, writer, sequence FROM godwit.checkpoint WHERE projection = 'report'`;
      const reached = new Map(rows.map((row) => [`${row.set_id} ${row.writer}`, Number(row.sequence)]));
      return [...positions].every(([set, writers]) =>
        [...writers].every(([writer, sequence]) => (reached.get(`${set} ${writer}`) ?? 0) >= sequence),
      );
    },
    async batches() {
      const [row] = await sql<{ total: string }[]>`
        SELECT coalesce(sum(sequence), 0) AS total FROM godwit.checkpoint WHERE projection = 'report'`;
      return Number(row?.total ?? 0);
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  };
}
