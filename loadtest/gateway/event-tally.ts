/**
 * Follows the event logs of all sets and counts, for each message, its submits and receipts and when their steps were
 * written. The log is the truth here, not PostgreSQL: the projector is part of what is measured. Times are those of the
 * event batches, which their writers stamp just before they commit.
 */
import type { EventBatch, Store } from "#core/store/store.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { SetId, WriterId } from "#domain/ids.ts";

export interface MessageTally {
  /** `submitted` events. */
  submits: number;
  submittedAt: number;
  /** Events of receipts, whatever they said. */
  receipts: number;
  receiptAt: number;
  inDoubt: number;
  /** `rejected` and `refused` events: the message went nowhere. */
  refusals: number;
}

export type Tallies = ReadonlyMap<string, Readonly<MessageTally>>;
export type LogPositions = ReadonlyMap<SetId, ReadonlyMap<WriterId, number>>;

/** Committed steps by the type of their first event: how well the platform batches. */
export type Steps = Readonly<Record<string, number>>;

export interface EventFollower {
  /** Reads all that is committed by now. */
  catchUp(): Promise<void>;
  readonly tallies: Tallies;
  readonly steps: Steps;
  /** How far each writer has been read. */
  readonly positions: LogPositions;
  /** Forgets messages and steps, and keeps the positions. */
  forget(): void;
}

/** Batches hold up to ~1 MB each. */
const BATCHES_A_READ = 64;

export function createEventFollower(stores: readonly Store[]): EventFollower {
  const positions = new Map(stores.map(({ set }) => [set, new Map<WriterId, number>()]));
  let tallies = new Map<string, MessageTally>();
  let steps: Record<string, number> = {};

  async function catchUpWith(store: Store): Promise<void> {
    const held = positions.get(store.set) ?? new Map<WriterId, number>();
    for (const { writer } of await store.events.writers()) if (!held.has(writer)) held.set(writer, 0);
    for (;;) {
      const batches = await store.events.read(held, BATCHES_A_READ);
      for (const batch of batches) {
        held.set(batch.writer, batch.sequence);
        addBatch(tallies, batch);
        const [first] = batch.events;
        if (first !== undefined) steps[first.type] = (steps[first.type] ?? 0) + 1;
      }
      if (batches.length === 0) return;
    }
  }

  return {
    positions,
    get tallies() {
      return tallies;
    },
    get steps() {
      return steps;
    },
    forget() {
      tallies = new Map();
      steps = {};
    },
    async catchUp() {
      await Promise.all(stores.map(catchUpWith));
    },
  };
}

export function addBatch(tallies: Map<string, MessageTally>, batch: EventBatch): void {
  for (const event of batch.events) addEvent(tallies, event, batch.at);
}

function addEvent(tallies: Map<string, MessageTally>, event: MessageEvent, at: number): void {
  let tally = tallies.get(event.message);
  if (tally === undefined) {
    tally = { submits: 0, submittedAt: 0, receipts: 0, receiptAt: 0, inDoubt: 0, refusals: 0 };
    tallies.set(event.message, tally);
  }
  switch (event.type) {
    case "submitted":
      tally.submits++;
      tally.submittedAt = at;
      break;
    case "delivered":
    case "undelivered":
    case "expired":
    case "unknown":
      tally.receipts++;
      tally.receiptAt = at;
      break;
    case "in_doubt":
      tally.inDoubt++;
      break;
    case "rejected":
    case "refused":
    case "lapsed":
      tally.refusals++;
      break;
    case "accepted":
    case "routed":
    case "billed":
    case "replied":
      break;
  }
}
