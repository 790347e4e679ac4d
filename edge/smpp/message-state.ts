/** A message's state in SMPP's words: the number of message_state, the word of a receipt [SMPP 3.4 §5.2.28]. Pure. */
import { type MessageState, type MessageStatus, rejectionOf } from "#domain/fold.ts";

interface SmppState {
  readonly number: number;
  readonly word: string;
}

/** A text of which some parts arrived did not arrive; the receipt's `dlvrd` counts those that did. */
const STATES: Readonly<Record<MessageStatus, SmppState>> = {
  accepted: { number: 1, word: "ENROUTE" },
  queued: { number: 1, word: "ENROUTE" },
  submitted: { number: 1, word: "ENROUTE" },
  delivered: { number: 2, word: "DELIVRD" },
  expired: { number: 3, word: "EXPIRED" },
  partially_delivered: { number: 5, word: "UNDELIV" },
  undelivered: { number: 5, word: "UNDELIV" },
  unknown: { number: 7, word: "UNKNOWN" },
  cancelled: { number: 4, word: "DELETED" },
  rejected: { number: 8, word: "REJECTD" },
};

export function messageStateOf(status: MessageStatus): number {
  return STATES[status].number;
}

export function stateWordOf(status: MessageStatus): string {
  return STATES[status].word;
}

/** When the last of it ended, in milliseconds since the epoch. */
export function endOf(state: MessageState): number {
  const rejected = rejectionOf(state)?.at;
  if (rejected !== undefined) return rejected;
  const ends = Object.values(state.segments).flatMap(({ outcomeAt }) => outcomeAt ?? []);
  return ends.length === 0 ? (state.accepted?.at ?? 0) : Math.max(...ends);
}
