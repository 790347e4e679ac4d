/**
 * Our requests that await their answer, by sequence number, each with a deadline. An entry is settled exactly once: by
 * its answer, by its deadline, or by the end of the link. Nothing is ever left unsettled [SMPP 3.4 §2.6, §2.7].
 */
import type { Clock } from "#domain/clock.ts";
import type { Pdu, PduFields } from "./pdu.ts";

/** What became of a request. `not_sent` is certain: no octet of it reached a socket. */
export type RequestResult =
  | { readonly type: "answered"; readonly command: string; readonly status: number; readonly fields: PduFields }
  | { readonly type: "unknown"; readonly reason: "link_lost" | "response_timeout" }
  | { readonly type: "not_sent"; readonly reason: "not_bound" | "window_full" | "aborted" };

/** Of a request that was never written. */
export function notSent(reason: Extract<RequestResult, { type: "not_sent" }>["reason"]): Promise<RequestResult> {
  return Promise.resolve({ type: "not_sent", reason });
}

export interface PendingRequests {
  /** In flight, control requests (enquire_link, unbind, bind) left out: those never wait for the window. */
  readonly windowed: number;
  readonly size: number;
  nextSequence(): number;
  add(sequence: number, request: { command: string; windowed: boolean; timeoutMs: number }): Promise<RequestResult>;
  /** False when the answer fits no request: late, doubled, or of another command. */
  settle(answer: Pdu): boolean;
  /**
   * While the peer's octets wait unread, an answer may be among them: deadlines stretch, at most to twice their length.
   */
  setReading(reading: boolean): void;
  loseAll(): void;
}

interface Entry {
  readonly expected: string;
  readonly windowed: boolean;
  readonly sentAt: number;
  readonly timeoutMs: number;
  readonly resolve: (result: RequestResult) => void;
}

/** The largest number; then they start again at 1 [SMPP 3.4 §2.6.2]. */
export const SEQUENCE_MAX = 0x7fff_ffff;
const RESPONSE_TIMEOUT: RequestResult = { type: "unknown", reason: "response_timeout" };
const LINK_LOST: RequestResult = { type: "unknown", reason: "link_lost" };

export function createPendingRequests(deps: {
  readonly clock: Clock;
  /** Called after entries left the window. */
  readonly onSettled: () => void;
  /** Called before that with the time at which the first of those was sent that now ran out (monotonic). */
  readonly onExpired?: (sentAt: number) => void;
  readonly firstSequence?: number;
}): PendingRequests {
  const { clock, onSettled, onExpired } = deps;
  const entries = new Map<number, Entry>();
  let windowed = 0;
  let lastSequence = (deps.firstSequence ?? 1) - 1;
  let readingSince = Number.NEGATIVE_INFINITY;
  let timer: { cancel(): void } | undefined;
  let timerAt = Number.POSITIVE_INFINITY;

  function take(sequence: number, entry: Entry): void {
    entries.delete(sequence);
    if (entry.windowed) windowed--;
  }

  /** One timer for all: it looks when the earliest deadline of its arming has come, and then sets itself again. */
  function arm(deadline: number): void {
    if (deadline >= timerAt) return;
    timer?.cancel();
    timerAt = deadline;
    timer = clock.after(Math.max(0, Math.ceil(deadline - clock.monotonic())), expire);
  }

  function expire(): void {
    timer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    const now = clock.monotonic();
    let earliest = Number.POSITIVE_INFINITY;
    const expired: Entry[] = [];
    for (const [sequence, entry] of entries) {
      const deadline = deadlineOf(entry, readingSince);
      if (deadline > now) {
        earliest = Math.min(earliest, deadline);
        continue;
      }
      take(sequence, entry);
      expired.push(entry);
    }
    if (earliest !== Number.POSITIVE_INFINITY) arm(earliest);
    const windowed = expired.filter((entry) => entry.windowed);
    if (windowed.length > 0) onExpired?.(Math.min(...windowed.map(({ sentAt }) => sentAt)));
    for (const entry of expired) entry.resolve(RESPONSE_TIMEOUT);
    if (expired.length > 0) onSettled();
  }

  return {
    get windowed() {
      return windowed;
    },
    get size() {
      return entries.size;
    },
    nextSequence() {
      do {
        lastSequence = lastSequence >= SEQUENCE_MAX ? 1 : lastSequence + 1;
      } while (entries.has(lastSequence));
      return lastSequence;
    },
    add(sequence, { command, windowed: counts, timeoutMs }) {
      return new Promise((resolve) => {
        const sentAt = clock.monotonic();
        entries.set(sequence, { expected: `${command}_resp`, windowed: counts, sentAt, timeoutMs, resolve });
        if (counts) windowed++;
        arm(sentAt + timeoutMs);
      });
    },
    settle({ sequence, command, status, fields }) {
      const entry = entries.get(sequence);
      if (entry === undefined || (command !== entry.expected && command !== "generic_nack")) return false;
      take(sequence, entry);
      entry.resolve({ type: "answered", command, status, fields });
      if (entry.windowed) onSettled();
      return true;
    },
    setReading(reading) {
      readingSince = reading ? clock.monotonic() : Number.POSITIVE_INFINITY;
    },
    loseAll() {
      timer?.cancel();
      timer = undefined;
      timerAt = Number.POSITIVE_INFINITY;
      const lost = [...entries.values()];
      entries.clear();
      windowed = 0;
      for (const entry of lost) entry.resolve(LINK_LOST);
    },
  };
}

function deadlineOf({ sentAt, timeoutMs }: Entry, readingSince: number): number {
  return Math.min(Math.max(sentAt, readingSince), sentAt + timeoutMs) + timeoutMs;
}
