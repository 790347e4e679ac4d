import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageEvent } from "#domain/event.ts";
import { emptyMessageState, foldEvents, type MessageState } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import type { Cell } from "../reports-database.ts";
import { anyEvent, cut } from "../testing/sample-events.ts";
import {
  chargesOf,
  chargeTable,
  type FactTable,
  messageTable,
  repliesOf,
  replyTable,
  rowOf,
  segmentsOf,
  segmentTable,
  toMessage,
} from "./fact-tables.ts";
import { projectBatch, type RowChanges } from "./project-batch.ts";
import { createRollupMoves } from "./rollup.ts";

/** The tables as maps: what the SQL does, without PostgreSQL. */
class Model {
  readonly states = new Map<MessageId, MessageState>();
  readonly rows = new Map<string, readonly Cell[]>();
  readonly rollups = new Map<string, readonly [number, number, bigint]>();

  apply(events: readonly MessageEvent[]): void {
    const projection = projectBatch(this.states, events);
    for (const id of projection.replaced) this.rows.delete(`${messageTable.name} ${id}`);
    this.#write(messageTable, projection.messages);
    this.#write(segmentTable, projection.segments);
    this.#write(replyTable, projection.replies);
    for (const id of projection.rebilled) this.#removeCharges(id);
    this.#write(chargeTable, projection.charges);
    for (const { key, messages, segments, totalMicros } of projection.rollups) {
      const held = this.rollups.get(key.join()) ?? [0, 0, 0n];
      const next = [held[0] + messages, held[1] + segments, held[2] + totalMicros] as const;
      if (next[0] === 0) this.rollups.delete(key.join());
      else this.rollups.set(key.join(), next);
    }
    for (const [id, state] of projection.states) this.states.set(id, state);
  }

  #removeCharges(id: MessageId): void {
    for (const key of this.rows.keys()) if (key.startsWith(`${chargeTable.name} ${id} `)) this.rows.delete(key);
  }

  #write<Source>(table: FactTable<Source>, changes: RowChanges<Source>): void {
    for (const source of changes.created) {
      const [key, row] = keyed(table, source);
      expect(this.rows.has(key)).toBe(false);
      this.rows.set(key, row);
    }
    for (const source of changes.changed) {
      const [key, row] = keyed(table, source);
      const held = this.rows.get(key);
      expect(held).toBeDefined();
      this.rows.set(key, [...(held ?? []).slice(0, table.fixedColumns), ...row.slice(table.fixedColumns)]);
    }
  }
}

function keyed<Source>(table: FactTable<Source>, source: Source): readonly [string, readonly Cell[]] {
  const row = rowOf(table, source);
  return [`${table.name} ${row.slice(0, table.keyColumns).join(" ")}`, row];
}

function sorted<V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The tables made in one go from the fold of each message. */
function expectedTables(events: readonly MessageEvent[]): Model {
  const model = new Model();
  const moves = createRollupMoves();
  for (const id of new Set(events.map((event) => event.message))) {
    const state = foldEvents(events.filter((event) => event.message === id));
    const message = toMessage(id, state);
    if (message === undefined) continue;
    model.rows.set(...keyed(messageTable, message));
    for (const segment of segmentsOf(id, state)) model.rows.set(...keyed(segmentTable, segment));
    for (const reply of repliesOf(id, state)) model.rows.set(...keyed(replyTable, reply));
    for (const charge of chargesOf(id, state)) model.rows.set(...keyed(chargeTable, charge));
    moves.move(id, emptyMessageState, state);
  }
  for (const move of moves.moves()) {
    model.rollups.set(move.key.join(), [move.messages, move.segments, move.totalMicros]);
  }
  return model;
}

describe("projectBatch()", () => {
  test("any order, any cut and any repetition of events give the tables of the fold", () => {
    const runs = fc.array(anyEvent("syd1", 4), { maxLength: 40 }).chain((events) =>
      fc.record({
        events: fc.constant(events),
        read: fc
          .tuple(fc.shuffledSubarray(events), fc.shuffledSubarray(events, { minLength: events.length }))
          .map(([again, all]) => [...all, ...again]),
        sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      }),
    );
    fc.assert(
      fc.property(runs, ({ events, read, sizes }) => {
        const model = new Model();
        for (const part of cut(read, sizes)) model.apply(part);
        const expected = expectedTables(events);
        expect(sorted(model.rows)).toEqual(sorted(expected.rows));
        expect(sorted(model.rollups)).toEqual(sorted(expected.rollups));
      }),
      { numRuns: 400 },
    );
  });

  test("the counts of all statuses are the number of accepted messages", () => {
    fc.assert(
      fc.property(fc.array(anyEvent("syd1", 6), { maxLength: 60 }), (events) => {
        const model = new Model();
        for (const event of events) model.apply([event]);
        const counted = [...model.rollups.values()].reduce((sum, [messages]) => sum + messages, 0);
        const accepted = new Set(events.filter(({ type }) => type === "accepted").map(({ message }) => message));
        expect(counted).toBe(accepted.size);
      }),
    );
  });
});
