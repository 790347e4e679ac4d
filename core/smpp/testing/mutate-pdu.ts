/** What broken and hostile peers do to a PDU. All of it follows from the seed; nothing here is sent. */
import { Buffer } from "node:buffer";
import type { Seeded } from "./seeded.ts";

const HEADER_BYTES = 16;
/** Sequence numbers around every bound, and the first ones, which requests of the other side have. */
const SEQUENCES = [0, 1, 2, 3, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
const COMMAND_IDS = [
  0x0000_0001, 0x0000_0002, 0x0000_0003, 0x0000_0004, 0x0000_0005, 0x0000_0007, 0x0000_0008, 0x0000_0009, 0x0000_000b,
  0x0000_0015, 0x0000_0021, 0x0000_0102, 0x0000_0103, 0x0000_0111, 0x0000_0112, 0x0000_0113, 0x0000_0999, 0x7fff_ffff,
  0x8000_0000, 0x8000_0004, 0x8000_0005, 0x8000_0009, 0x8000_0015, 0x8000_0021, 0xffff_ffff,
] as const;
const STATUSES = [0, 1, 0x58, 0x14, 0xff, 0x400, 0xffff_ffff] as const;
/** Lengths that no PDU has, and some that one could have. */
const LENGTHS = [0, 1, 4, 15, 16, 17, 24, 69_999, 70_000, 70_001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
const TLV_TAGS = [
  0x001e, 0x0005, 0x0017, 0x001d, 0x0202, 0x0204, 0x020c, 0x020e, 0x020f, 0x0210, 0x0302, 0x0303, 0x0381, 0x0423,
  0x0424, 0x0427, 0x0428, 0x0501, 0x0600, 0x0601, 0x0605, 0x0606, 0x0609, 0x060b, 0x1201, 0x1204, 0x130c, 0x1401,
  0x3fff, 0x0000, 0xffff,
] as const;

type Mutation = (frame: Buffer, random: Seeded) => Buffer;

/** Leaves the framing whole: command_length is what the PDU has. */
const FRAMED: readonly [Mutation, ...Mutation[]] = [
  flipBits,
  setOctets,
  cutBody,
  growBody,
  lieAboutMessageLength,
  appendLyingTlv,
  repeatTlv,
  swapCommand,
  setStatus,
  setSequence,
];

/** A PDU changed in up to three ways. With `framed` its length tells the truth. */
export function mutatePdu(pdu: Buffer, random: Seeded, framed: boolean): Buffer {
  let frame: Buffer = Buffer.from(pdu);
  setSequence(frame, random);
  for (let times = random.between(0, 3); times > 0; times--) frame = random.oneOf(FRAMED)(frame, random);
  frame.writeUInt32BE(frame.length, 0);
  if (!framed && random.chance(0.15)) lieAboutLength(frame, random);
  return frame;
}

function flipBits(frame: Buffer, random: Seeded): Buffer {
  for (let flips = random.between(1, 8); flips > 0; flips--) {
    const at = random.between(4, frame.length - 1);
    frame[at] = (frame[at] ?? 0) ^ (1 << random.between(0, 7));
  }
  return frame;
}

function setOctets(frame: Buffer, random: Seeded): Buffer {
  if (frame.length === HEADER_BYTES) return frame;
  for (let octets = random.between(1, 4); octets > 0; octets--) {
    frame[random.between(HEADER_BYTES, frame.length - 1)] = random.oneOf([0, 0xff, 0x7f, random.between(0, 255)]);
  }
  return frame;
}

function cutBody(frame: Buffer, random: Seeded): Buffer {
  return frame.subarray(0, random.between(HEADER_BYTES, frame.length));
}

function growBody(frame: Buffer, random: Seeded): Buffer {
  const more = Buffer.alloc(random.chance(0.02) ? random.between(1_000, 60_000) : random.between(1, 40));
  for (let i = 0; i < more.length; i++) more[i] = random.between(0, 255);
  return grown(frame, more);
}

/** No longer than a PDU may be, whatever is added how often. */
function grown(frame: Buffer, more: Buffer): Buffer {
  return Buffer.concat([frame, more]).subarray(0, 70_000);
}

/** sm_length of submit_sm and deliver_sm says another length than there is. */
function lieAboutMessageLength(frame: Buffer, random: Seeded): Buffer {
  const at = messageLengthAt(frame);
  if (at !== undefined) frame[at] = random.oneOf([0, 1, 254, 255, random.between(0, 255)]);
  return frame;
}

/** Where sm_length is in a submit_sm or deliver_sm [SMPP 3.4 §4.4.1]; undefined in others and in broken ones. */
export function messageLengthAt(frame: Buffer): number | undefined {
  const command = frame.readUInt32BE(4);
  if (command !== 4 && command !== 5) return undefined;
  let at = HEADER_BYTES;
  const pastString = (): void => {
    const nul = frame.indexOf(0, at);
    at = nul < 0 ? frame.length : nul + 1;
  };
  pastString(); // service_type
  at += 2;
  pastString(); // source_addr
  at += 2;
  pastString(); // destination_addr
  at += 3;
  pastString(); // schedule_delivery_time
  pastString(); // validity_period
  at += 4;
  return at < frame.length ? at : undefined;
}

function appendLyingTlv(frame: Buffer, random: Seeded): Buffer {
  const value = Buffer.alloc(random.between(0, 12), random.between(0, 255));
  const tlv = Buffer.concat([Buffer.alloc(4), value]);
  tlv.writeUInt16BE(random.oneOf(TLV_TAGS), 0);
  tlv.writeUInt16BE(random.oneOf([0, 1, value.length, value.length + 1, 255, 0xffff]), 2);
  return grown(frame, random.chance(0.2) ? tlv.subarray(0, random.between(0, 3)) : tlv);
}

function repeatTlv(frame: Buffer, random: Seeded): Buffer {
  const value = Buffer.alloc(random.oneOf([0, 1, 2, 3, 4, 9]), random.between(0, 255));
  const tlv = Buffer.concat([Buffer.alloc(4), value]);
  tlv.writeUInt16BE(random.oneOf(TLV_TAGS), 0);
  tlv.writeUInt16BE(value.length, 2);
  const times = random.chance(0.02) ? random.between(500, 5_000) : random.between(2, 50);
  return grown(frame, Buffer.concat(Array.from({ length: times }, () => tlv)));
}

function swapCommand(frame: Buffer, random: Seeded): Buffer {
  const id = frame.readUInt32BE(4);
  frame.writeUInt32BE(random.chance(0.5) ? (id ^ 0x8000_0000) >>> 0 : random.oneOf(COMMAND_IDS), 4);
  return frame;
}

function setStatus(frame: Buffer, random: Seeded): Buffer {
  frame.writeUInt32BE(random.oneOf(STATUSES), 8);
  return frame;
}

function setSequence(frame: Buffer, random: Seeded): Buffer {
  frame.writeUInt32BE(random.chance(0.3) ? random.oneOf(SEQUENCES) : random.between(1, 60), 12);
  return frame;
}

function lieAboutLength(frame: Buffer, random: Seeded): void {
  const near = Math.max(0, frame.length + random.between(-20, 20));
  frame.writeUInt32BE(random.chance(0.5) ? near : random.oneOf(LENGTHS), 0);
}
