/**
 * What a run of events does to the reports: states of the touched messages before → rows to write and rollup moves.
 * Pure, and free of order and repetition as the fold is: the same events in any order, in any cut, once or twice, give
 * the same tables.
 */
import type { MessageEvent } from "#domain/event.ts";
import { applyEvent, emptyMessageState, type MessageState } from "#domain/fold.ts";
import type { MessageId } from "#domain/ids.ts";
import {
  chargesOf,
  type LevelCharge,
  type Message,
  type Reply,
  repliesOf,
  type Segment,
  segmentsOf,
  toMessage,
} from "./fact-tables.ts";
import { createRollupMoves, type RollupMove } from "./rollup.ts";

/** Rows of one table: `created` are not there yet, `changed` are. */
export interface RowChanges<Source> {
  readonly created: readonly Source[];
  readonly changed: readonly Source[];
}

export interface Projection {
  /** Touched messages after the events. */
  readonly states: ReadonlyMap<MessageId, MessageState>;
  /**
   * Messages whose fixed columns are wrong in the table, as another accepted event won: removed first, and `created`.
   */
  readonly replaced: readonly MessageId[];
  readonly messages: RowChanges<Message>;
  readonly segments: RowChanges<Segment>;
  readonly replies: RowChanges<Reply>;
  readonly charges: RowChanges<LevelCharge>;
  /** Messages of which a level's row has another key than before: removed first, and `created`. */
  readonly rebilled: readonly MessageId[];
  readonly rollups: readonly RollupMove[];
}

/** `before` holds every touched message that has events in the tables; one that is missing has none. */
export function projectBatch(
  before: ReadonlyMap<MessageId, MessageState>,
  events: readonly MessageEvent[],
): Projection {
  const states = new Map<MessageId, MessageState>();
  for (const event of events) {
    const held = states.get(event.message) ?? before.get(event.message) ?? emptyMessageState;
    states.set(event.message, applyEvent(held, event));
  }

  const replaced: MessageId[] = [];
  const messages = changes<Message>();
  const segments = changes<Segment>();
  const replies = changes<Reply>();
  const charges = changes<LevelCharge>();
  const rebilled: MessageId[] = [];
  const rollups = createRollupMoves();
  for (const [id, state] of states) {
    const message = toMessage(id, state);
    if (message === undefined) continue;
    const old = before.get(id) ?? emptyMessageState;
    const isHeld = old.accepted !== undefined;
    const isReplaced = isHeld && !isSameEvent(old.accepted, state.accepted);
    if (isReplaced) replaced.push(id);
    (isHeld && !isReplaced ? messages.changed : messages.created).push(message);
    for (const segment of segmentsOf(id, state)) {
      addRow(segments, segment, isHeld ? old.segments[segment.index] : undefined);
    }
    for (const reply of repliesOf(id, state)) addRow(replies, reply, isHeld ? old.replies[reply.id] : undefined);
    const levels = isHeld ? chargesOf(id, old).length : 0;
    const isRebilled = levels > 0 && levels !== chargesOf(id, state).length;
    if (isRebilled) rebilled.push(id);
    for (const charge of chargesOf(id, state)) addCharge(charges, charge, levels > 0 && !isRebilled ? old : undefined);
    rollups.move(id, old, state);
  }
  return { states, replaced, messages, segments, replies, charges, rebilled, rollups: rollups.moves() };
}

interface Collected<Source> extends RowChanges<Source> {
  readonly created: Source[];
  readonly changed: Source[];
}

function changes<Source>(): Collected<Source> {
  return { created: [], changed: [] };
}

function addCharge(rows: Collected<LevelCharge>, row: LevelCharge, held: MessageState | undefined): void {
  if (held === undefined) rows.created.push(row);
  else if (held.billed !== row.state.billed || held.refunds !== row.state.refunds) rows.changed.push(row);
}

/** The fold keeps what it did not touch, so identity tells what to leave out. */
function addRow<Source extends { readonly state: unknown }>(rows: Collected<Source>, row: Source, held: unknown): void {
  if (held === undefined) rows.created.push(row);
  else if (held !== row.state) rows.changed.push(row);
}

/** The same event read twice is as good as the same object; the text is compared only then. */
function isSameEvent(a: MessageState["accepted"], b: MessageState["accepted"]): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
