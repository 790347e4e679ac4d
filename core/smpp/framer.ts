/**
 * Cuts a byte stream into PDUs. Holds at most one unfinished PDU and the chunk it came in; copies only when a PDU spans
 * chunks. A length that no PDU can have means that framing is lost, and there is no way back: the link must close.
 */
import { Buffer } from "node:buffer";
import { HEADER_BYTES, PDU_BYTES_MAX } from "./pdu.ts";

export type Frame =
  | { readonly type: "frame"; readonly bytes: Buffer }
  | { readonly type: "need_more" }
  | { readonly type: "bad_length"; readonly length: number };

export interface Framer {
  push(chunk: Buffer): void;
  next(): Frame;
  /** Whether a PDU has begun that is not complete. */
  readonly midway: boolean;
}

const NEED_MORE: Frame = { type: "need_more" };
const LENGTH_BYTES = 4;

export function createFramer(): Framer {
  /** Unread chunks. More than one only while a PDU spans them. */
  let chunks: Buffer[] = [];
  let held = 0;

  /** The first chunk, made to hold at least `bytes`. */
  function front(bytes: number): Buffer {
    const [first] = chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(chunks, held);
    chunks = [joined];
    return joined;
  }

  return {
    get midway() {
      return held > 0;
    },
    push(chunk) {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      held += chunk.length;
    },
    next() {
      if (held < LENGTH_BYTES) return NEED_MORE;
      const length = front(LENGTH_BYTES).readUInt32BE(0);
      if (length < HEADER_BYTES || length > PDU_BYTES_MAX) return { type: "bad_length", length };
      if (held < length) return NEED_MORE;
      const whole = front(length);
      const bytes = whole.subarray(0, length);
      if (whole.length > length) chunks[0] = whole.subarray(length);
      else chunks.shift();
      held -= length;
      return { type: "frame", bytes };
    },
  };
}
