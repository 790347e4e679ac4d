/**
 * The minute rollup as moves: a message counts in exactly one row, and leaves it (−1) for another (+1) when its state
 * changes, so that an event that is applied twice counts once (invariant I6). Pure.
 */
import { type MessageState, statusOf } from "#domain/fold.ts";
import { type MessageId, setOfMessage } from "#domain/ids.ts";
import { toMicros } from "#domain/money.ts";
import { timestamp } from "./cell-text.ts";

const MINUTE_MS = 60_000;

/** Columns of godwit.rollup_minute's key, in order. */
export const rollupKeyColumns = ["set_id", "minute", "account", "class", "provider", "status", "currency"] as const;

export interface RollupMove {
  readonly key: readonly string[];
  messages: number;
  segments: number;
  totalMicros: bigint;
}

/** Collects moves; those that come to nothing are left out at the end. */
export interface RollupMoves {
  move(id: MessageId, from: MessageState, to: MessageState): void;
  /** In the order of their keys, so that two writers would lock rows in the same order. */
  moves(): readonly RollupMove[];
}

export function createRollupMoves(): RollupMoves {
  const byKey = new Map<string, RollupMove>();

  function add(id: MessageId, state: MessageState, sign: 1 | -1): void {
    const { accepted } = state;
    if (accepted === undefined) return;
    const minute = accepted.at - (accepted.at % MINUTE_MS);
    const provider = state.routed?.provider ?? "";
    const currency = state.billed?.currency ?? "";
    const names = `${accepted.account}|${accepted.class}|${provider}|${statusOf(state)}|${currency}`;
    const joined = `${setOfMessage(id)}|${minute}|${names}`;
    let move = byKey.get(joined);
    if (move === undefined) {
      move = {
        key: [setOfMessage(id), timestamp(minute), ...names.split("|")],
        messages: 0,
        segments: 0,
        totalMicros: 0n,
      };
      byKey.set(joined, move);
    }
    move.messages += sign;
    move.segments += sign * accepted.segments;
    if (state.billed !== undefined) move.totalMicros += BigInt(sign) * toMicros(state.billed.totalMicros);
  }

  return {
    move(id, from, to) {
      add(id, from, -1);
      add(id, to, 1);
    },
    moves() {
      return [...byKey]
        .filter(([, move]) => move.messages !== 0 || move.segments !== 0 || move.totalMicros !== 0n)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, move]) => move);
    },
  };
}
