/**
 * Reads PDUs off a socket as fast as its owner lets it. Paused, it holds at most the chunk in hand and leaves the rest
 * to TCP. A PDU that takes too long from its first octet to its last ends the link, as does a length that cannot be.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock } from "#domain/clock.ts";
import { decodePdu } from "./codec.ts";
import { createFramer } from "./framer.ts";
import type { Pdu } from "./pdu.ts";

export interface PduReader {
  readonly reading: boolean;
  push(chunk: Buffer): void;
  pause(): void;
  resume(): void;
  /** For good: nothing more is read. */
  stop(): void;
}

/** A sender this slow has lost its framing or means harm. */
const PDU_READ_TIMEOUT_MS = 10_000;

export function createPduReader(deps: {
  readonly socket: Socket;
  readonly clock: Clock;
  /** May pause or stop the reader. */
  readonly onPdu: (pdu: Pdu) => void;
  readonly onLost: (reason: "bad_length" | "pdu_timeout") => void;
}): PduReader {
  const framer = createFramer();
  let mode: "reading" | "paused" | "stopped" = "reading";
  let slow: { cancel(): void } | undefined;

  function clearSlow(): void {
    slow?.cancel();
    slow = undefined;
  }

  function stop(): void {
    mode = "stopped";
    clearSlow();
  }

  function pump(): void {
    while (mode === "reading") {
      const frame = framer.next();
      if (frame.type === "need_more") break;
      clearSlow();
      if (frame.type === "bad_length") {
        stop();
        deps.onLost("bad_length");
      } else {
        deps.onPdu(decodePdu(frame.bytes));
      }
    }
    if (framer.midway && mode === "reading") {
      slow ??= deps.clock.after(PDU_READ_TIMEOUT_MS, () => deps.onLost("pdu_timeout"));
    }
  }

  return {
    get reading() {
      return mode === "reading";
    },
    push(chunk) {
      framer.push(chunk);
      pump();
    },
    pause() {
      if (mode !== "reading") return;
      mode = "paused";
      clearSlow();
      deps.socket.pause();
    },
    resume() {
      if (mode !== "paused") return;
      mode = "reading";
      pump();
      // What is here comes first: each resume() may bring another chunk, also when the pause follows at once.
      if (mode === "reading") deps.socket.resume();
    },
    stop,
  };
}
