/** Holds what came out against what went in, message by message: none lost, none twice, none from nowhere. */

export interface Tally {
  /** This message was acknowledged to its sender. */
  sent(index: number): void;
  /** This message was received, and its acknowledgement is durable. */
  received(index: number): void;
  readonly sentCount: number;
  readonly receivedCount: number;
  /** What is wrong, when every message that was sent should have been received. */
  failures(): readonly string[];
  /** What is wrong where a part still waits: only what was received twice, or never sent. */
  failuresSoFar(): readonly string[];
}

/** For messages with numbers below `capacity`. */
export function createTally(capacity: number = 4_000_000): Tally {
  const timesSent = new Uint8Array(capacity);
  const timesReceived = new Uint8Array(capacity);
  const counts = { sent: 0, received: 0 };

  function countWhere(isWrong: (sent: number, received: number) => boolean): number {
    let count = 0;
    for (let i = 0; i < capacity; i++) if (isWrong(timesSent[i] ?? 0, timesReceived[i] ?? 0)) count++;
    return count;
  }

  function failuresSoFar(): readonly string[] {
    const doubled = countWhere((_, received) => received > 1);
    const strangers = countWhere((sent, received) => sent === 0 && received > 0);
    return [
      ...(doubled > 0 ? [`${doubled} messages received more than once`] : []),
      ...(strangers > 0 ? [`${strangers} messages received that were not acknowledged to a sender`] : []),
    ];
  }

  return {
    get sentCount() {
      return counts.sent;
    },
    get receivedCount() {
      return counts.received;
    },
    sent(index) {
      timesSent[index] = (timesSent[index] ?? 0) + 1;
      counts.sent++;
    },
    received(index) {
      timesReceived[index] = (timesReceived[index] ?? 0) + 1;
      counts.received++;
    },
    failuresSoFar,
    failures() {
      const lost = countWhere((sent, received) => sent > 0 && received === 0);
      return [...failuresSoFar(), ...(lost > 0 ? [`${lost} acknowledged messages lost`] : [])];
    },
  };
}
