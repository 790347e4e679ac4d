/**
 * One fuzz case: a stream of broken PDUs cut into chunks, all of it from a seed. It knows what a reader that goes by
 * command_length alone must make of the stream, so that whoever plays it can tell right from wrong.
 */
import { Buffer } from "node:buffer";
import { mutatePdu } from "./mutate-pdu.ts";
import { seeded } from "./seeded.ts";
import { unbindPdu, validPdus } from "./valid-pdus.ts";

const HEADER_BYTES = 16;
const LENGTH_BYTES = 4;
const PDU_BYTES_MAX = 70_000;

export interface FuzzCase {
  readonly seed: number;
  /** Whether the peer binds, or is bound, before it sends the stream. */
  readonly binds: boolean;
  readonly chunks: readonly Buffer[];
  /** What the stream is to a reader. */
  readonly read: StreamReading;
  /** How the peer leaves when the session still stands. */
  readonly ending: "unbind" | "unbind_and_close" | "half_close" | "reset";
}

export interface StreamReading {
  /** PDUs that are whole, up to a length that no PDU can have. */
  readonly frames: readonly Buffer[];
  readonly end: "whole" | "bad_length" | "midway";
}

/** What a reader that trusts each command_length makes of the octets. */
function readStream(stream: Buffer): StreamReading {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= stream.length) {
    const length = stream.readUInt32BE(at);
    if (length < HEADER_BYTES || length > PDU_BYTES_MAX) return { frames, end: "bad_length" };
    if (at + length > stream.length) return { frames, end: "midway" };
    frames.push(stream.subarray(at, at + length));
    at += length;
  }
  return { frames, end: at === stream.length ? "whole" : "midway" };
}

/** Zeros until the stream ends with a PDU: it takes more than one when they begin another. */
function completed(stream: Buffer): Buffer {
  let whole = stream;
  while (readStream(whole).end === "midway") whole = Buffer.concat([whole, Buffer.alloc(missingOctets(whole))]);
  return whole;
}

function missingOctets(stream: Buffer): number {
  const read = readStream(stream).frames.reduce((octets, frame) => octets + frame.length, 0);
  const rest = stream.subarray(read);
  if (rest.length < LENGTH_BYTES) return LENGTH_BYTES - rest.length;
  return rest.readUInt32BE(0) - rest.length;
}

/** Mostly whole PDUs, which a session must survive, so that it lives long; some streams lose their framing. */
export function planCase(seed: number): FuzzCase {
  const random = seeded(seed);
  const framed = random.chance(0.8);
  const valid = validPdus();
  // A link whose framing is lost ends there: what comes after is read by nobody.
  const pdus = random.chance(0.1) && framed ? random.between(500, 1_500) : random.between(1, framed ? 150 : 12);
  const frames = Array.from({ length: pdus }, () => mutatePdu(random.oneOf(valid), random, framed));
  if (random.chance(0.05)) frames.splice(random.between(0, frames.length), 0, unbindPdu());
  const written = Buffer.concat(frames);
  // A peer that stops within a PDU is cut off in time; that is waited for, so it is rare.
  const stream = random.chance(0.9) ? completed(written) : written;
  return {
    seed,
    binds: random.chance(0.9),
    chunks: cut(stream, random),
    read: readStream(stream),
    // One that unbinds waits for what is in flight, so it is rarer.
    ending: random.chance(0.1) ? "unbind" : random.oneOf(["half_close", "reset"]),
  };
}

/** All in one chunk, in large ones that hold several PDUs, or in small ones that split them. */
function cut(stream: Buffer, random: ReturnType<typeof seeded>): readonly Buffer[] {
  const most = random.oneOf([stream.length, 4_096, 700, stream.length > 20_000 ? 300 : 25]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const size = random.between(1, Math.max(1, most));
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
