/**
 * One direction of a delayed link: bytes read from one socket are written to another some time later, in order. It can
 * be held (nothing is read or written) and go on afterwards. At most 4 MiB wait in it; then the sender has to wait.
 */
import type { Socket } from "node:net";

const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface Direction {
  /** Asked for every piece, so that a change counts at once. */
  readonly delayMs: () => number;
  readonly isHeld: () => boolean;
  /** The pipe puts itself here to be called when it is no longer held, and takes itself out when it closes. */
  readonly onResume: Set<() => void>;
  readonly count: (bytes: number) => void;
}

export interface DelayedPipe {
  /** Sends bytes as if they had been read now, `extraMs` later than the rest of the delay. */
  push(bytes: Buffer, extraMs?: number): void;
}

interface Piece {
  readonly dueMs: number;
  /** Undefined: the sender has closed its side. */
  readonly bytes: Buffer | undefined;
}

/**
 * Connects the two sockets in one direction: data, the end of data, and the loss of the sender, unless the link is
 * held.
 */
export function delayedPipe(from: Socket, to: Socket, direction: Direction): DelayedPipe {
  const waiting: Piece[] = [];
  let waitingBytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const push = (bytes: Buffer | undefined, extraMs = 0): void => {
    const dueMs = Math.max(performance.now() + direction.delayMs() + extraMs, waiting.at(-1)?.dueMs ?? 0);
    waiting.push({ dueMs, bytes });
    waitingBytes += bytes?.length ?? 0;
    if (waitingBytes > MAX_WAITING_BYTES) from.pause();
    flush();
  };

  const flush = (): void => {
    if (timer !== undefined || direction.isHeld()) return;
    for (let next = waiting[0]; next; next = waiting[0]) {
      const remainingMs = next.dueMs - performance.now();
      if (remainingMs > 0) {
        timer = setTimeout(onTimer, Math.ceil(remainingMs));
        return;
      }
      waiting.shift();
      send(next);
    }
    if (to.writableNeedDrain) return;
    from.resume();
  };

  const send = ({ bytes }: Piece): void => {
    if (bytes === undefined) {
      to.end();
      return;
    }
    waitingBytes -= bytes.length;
    direction.count(bytes.length);
    if (!to.write(bytes)) from.pause();
  };

  const onTimer = (): void => {
    timer = undefined;
    flush();
  };

  const onSenderLost = (): void => {
    direction.onResume.delete(onSenderLost);
    if (direction.isHeld()) direction.onResume.add(onSenderLost);
    else to.destroy();
  };

  direction.onResume.add(flush);
  to.on("drain", flush);
  to.once("close", () => {
    clearTimeout(timer);
    direction.onResume.delete(flush);
    direction.onResume.delete(onSenderLost);
  });
  from.on("data", (bytes: Buffer) => push(bytes));
  from.once("end", () => push(undefined));
  from.once("close", () => {
    if (!from.readableEnded) onSenderLost(); // else its end is among the pieces
  });
  return { push };
}
