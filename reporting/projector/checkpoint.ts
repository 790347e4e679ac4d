/**
 * How far the writers of one set have been projected: read with the lock, advanced by compare-and-set with the facts.
 */

import type { EventBatch } from "#core/store/store.ts";
import type { SetId, WriterId } from "#domain/ids.ts";
import type { ReportsTransaction } from "../reports-database.ts";
import { arrayLiteral } from "./cell-text.ts";

/** One projection so far; a rebuild beside the live tables would be another. */
const PROJECTION = "report";

export interface Position {
  readonly sequence: number;
  /** The writer has ended: there is nothing more to read. */
  readonly closed: boolean;
}
export type Positions = ReadonlyMap<WriterId, Position>;

/**
 * Waits for this set's turn, held until the transaction ends, and returns where its writers stand. The two must be two
 * statements: the second sees what was committed while the first waited.
 */
export async function lockPositions(transaction: ReportsTransaction, set: SetId): Promise<Positions> {
  await transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`${PROJECTION}:${set}`]);
  return readPositions(transaction, set);
}

export async function readPositions(source: Pick<ReportsTransaction, "run">, set: SetId): Promise<Positions> {
  const { rows } = await source.run(
    "SELECT writer, sequence, closed FROM godwit.checkpoint WHERE projection = $1 AND set_id = $2",
    [PROJECTION, set],
  );
  return new Map(
    rows.map((row) => [row.writer as WriterId, { sequence: Number(row.sequence), closed: row.closed === true }]),
  );
}

export function isSamePositions(a: Positions, b: Positions): boolean {
  return a.size === b.size && [...a].every(([writer, held]) => b.get(writer)?.sequence === held.sequence);
}

/**
 * Returns the positions after `batches`. Throws GapError where one does not follow the one before: it is never
 * skipped.
 */
export function advance(positions: Positions, batches: readonly EventBatch[]): Positions {
  const next = new Map(positions);
  for (const { writer, sequence, kind } of batches) {
    const held = next.get(writer) ?? { sequence: 0, closed: false };
    if (held.closed || sequence !== held.sequence + 1) throw new GapError(writer, held, sequence);
    next.set(writer, { sequence, closed: kind === "closed" });
  }
  return next;
}

/** The store broke its promise: events may be missing, so nothing after them may be written. */
export class GapError extends Error {
  readonly code = "log_gap";
  readonly retryable = false;

  constructor(writer: WriterId, held: Position, sequence: number) {
    const after = held.closed ? "its end" : `${held.sequence}`;
    super(`Cannot project batch ${sequence} of writer ${writer} as it does not follow ${after}`);
    this.name = "GapError";
  }
}

const ADVANCE = `
INSERT INTO godwit.checkpoint AS held (projection, set_id, writer, sequence, closed)
SELECT $1, $2, moved.writer, moved.sequence, moved.closed
FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::boolean[]) AS moved (writer, expected, sequence, closed)
ON CONFLICT (projection, set_id, writer) DO UPDATE SET sequence = excluded.sequence, closed = excluded.closed
WHERE held.sequence = (
  SELECT m.expected FROM unnest($3::text[], $4::bigint[]) AS m (writer, expected) WHERE m.writer = held.writer)`;

/** Moves the writers that differ. Returns false where one no longer stands at `from`: the caller must roll back. */
export async function movePositions(
  transaction: ReportsTransaction,
  set: SetId,
  moves: { readonly from: Positions; readonly to: Positions },
): Promise<boolean> {
  const moved = [...moves.to].filter(([writer, { sequence }]) => moves.from.get(writer)?.sequence !== sequence);
  const { count } = await transaction.run(ADVANCE, [
    PROJECTION,
    set,
    arrayLiteral(moved.map(([writer]) => writer)),
    arrayLiteral(moved.map(([writer]) => `${moves.from.get(writer)?.sequence ?? 0}`)),
    arrayLiteral(moved.map(([, position]) => `${position.sequence}`)),
    arrayLiteral(moved.map(([, position]) => `${position.closed}`)),
  ]);
  return count === moved.length;
}
