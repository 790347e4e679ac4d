/**
 * Plays one fuzz case against whoever is at the other end of a socket, and judges by what comes back: every request has
 * exactly one answer while the link stands, a link that cannot go on is closed, and none is left that does neither.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { systemClock } from "#domain/clock.ts";
import { encodePdu } from "../codec.ts";
import { createFramer } from "../framer.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { messageLengthAt } from "./mutate-pdu.ts";

/** A link that neither answers nor closes for as long is stuck: a PDU that stops midway has ten seconds. */
const STUCK_MS = 15_000;
const MARK = 0x7eee_eeee;
const UNBIND = 0x7eee_eeef;
const ENQUIRE_LINK_RESP = 0x8000_0015;
const UNBIND_RESP = 0x8000_0006;
/** outbind and alert_notification: the requests that nobody answers [SMPP 3.4 §2.2.1, §4.12]. */
const WITHOUT_ANSWER: ReadonlySet<number> = new Set([0x0000_000b, 0x0000_0102]);

interface Header {
  readonly id: number;
  readonly status: number;
  readonly sequence: number;
}

/** The case did not end as it must. */
export class FuzzError extends Error {
  override readonly name = "FuzzError";
}

export interface FuzzPeer {
  readonly socket: Socket;
  readonly received: readonly Header[];
  readonly isClosed: boolean;
  /** Resolves when `seen` says so or the link has closed; throws FuzzError when neither happens in time. */
  until(what: string, seen: (received: readonly Header[]) => boolean): Promise<void>;
}

export interface FuzzPeerOptions {
  readonly stuckMs?: number;
  readonly onFrame?: (frame: Buffer) => void;
}

export function createFuzzPeer(
  socket: Socket,
  { stuckMs = STUCK_MS, onFrame = () => undefined }: FuzzPeerOptions = {},
): FuzzPeer {
  const framer = createFramer();
  const received: Header[] = [];
  let isClosed = false;
  let look: () => void = () => undefined;
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    look();
  });
  socket.on("data", (chunk: Buffer) => {
    framer.push(chunk);
    for (let frame = framer.next(); frame.type === "frame"; frame = framer.next()) {
      received.push(headerOf(frame.bytes));
      onFrame(frame.bytes);
    }
    look();
  });
  return {
    socket,
    received,
    get isClosed() {
      return isClosed;
    },
    async until(what, seen) {
      const { promise, resolve } = Promise.withResolvers<"seen" | "stuck">();
      const timer = systemClock.after(stuckMs, () => resolve("stuck"));
      look = () => {
        if (isClosed || seen(received)) resolve("seen");
      };
      look();
      const end = await promise;
      timer.cancel();
      look = () => undefined;
      if (end === "stuck") throw new FuzzError(`stuck: ${what} did not come within ${stuckMs} ms, nor the end`);
    },
  };
}

/** Sends the stream and leaves. Resolves once the link has closed: `stood` tells whether it outlived the stream. */
export async function playCase(peer: FuzzPeer, fuzzCase: FuzzCase): Promise<{ readonly stood: boolean }> {
  const before = peer.received.length;
  for (const [i, chunk] of fuzzCase.chunks.entries()) {
    if (peer.isClosed) break;
    peer.socket.write(chunk);
    // Now and then, so that what was written arrives as it was cut.
    if (i % 8 === 7) await new Promise(setImmediate);
  }
  if (fuzzCase.read.end !== "whole") {
    await peer.until(`the end of a link whose stream is ${fuzzCase.read.end}`, () => false);
    return { stood: false };
  }
  peer.socket.write(encodePdu({ command: "enquire_link", sequence: MARK }));
  await peer.until("the answer to enquire_link", hears(ENQUIRE_LINK_RESP, MARK));
  if (!peer.isClosed) await expectAnswers(peer, before, fuzzCase);
  const stood = !peer.isClosed;
  await leave(peer, fuzzCase.ending);
  return { stood };
}

function hears(id: number, sequence: number): (received: readonly Header[]) => boolean {
  return (received) => received.some((header) => header.id === id && header.sequence === sequence);
}

/** One answer to each request, by its sequence number, none to what was no request, and no yes to half a message. */
async function expectAnswers(peer: FuzzPeer, before: number, { read }: FuzzCase): Promise<void> {
  const asked = read.frames.filter((frame) => isAnswered(headerOf(frame)));
  const answers = (): readonly Header[] => peer.received.slice(before).filter(isAnswer);
  // The mark's own answer is among them.
  await peer.until(`${asked.length} answers`, () => answers().length >= asked.length + 1);
  if (peer.isClosed) return;
  const missing = countBySequence([...asked.map(headerOf), { sequence: MARK }]);
  for (const { sequence } of answers()) missing.set(sequence, (missing.get(sequence) ?? 0) - 1);
  const mayBeTaken = countBySequence([
    ...asked.filter((frame) => !isCutShort(frame)).map(headerOf),
    { sequence: MARK },
  ]);
  for (const { sequence, status } of answers()) {
    if (status === 0) mayBeTaken.set(sequence, (mayBeTaken.get(sequence) ?? 0) - 1);
  }
  const wrong = [
    ...[...missing].filter(([, count]) => count > 0).map(([sequence]) => `no answer to ${sequence}`),
    ...[...missing].filter(([, count]) => count < 0).map(([sequence]) => `an answer too many to ${sequence}`),
    ...[...mayBeTaken].filter(([, count]) => count < 0).map(([sequence]) => `half a message was taken at ${sequence}`),
  ];
  if (wrong.length > 0) throw new FuzzError(wrong.join(", "));
}

function countBySequence(headers: readonly Pick<Header, "sequence">[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { sequence } of headers) counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
  return counts;
}

function headerOf(frame: Buffer): Header {
  return { id: frame.readUInt32BE(4), status: frame.readUInt32BE(8), sequence: frame.readUInt32BE(12) };
}

function isAnswered(header: Header): boolean {
  return !isAnswer(header) && !WITHOUT_ANSWER.has(header.id);
}

/** sm_length promises more octets than the PDU has. */
function isCutShort(frame: Buffer): boolean {
  const at = messageLengthAt(frame);
  return at !== undefined && at + 1 + (frame[at] ?? 0) > frame.length;
}

function isAnswer({ id }: Header): boolean {
  return id >= 0x8000_0000;
}

async function leave(peer: FuzzPeer, ending: FuzzCase["ending"]): Promise<void> {
  if (ending === "unbind" || ending === "unbind_and_close") {
    peer.socket.write(encodePdu({ command: "unbind", sequence: UNBIND }));
    await peer.until("the answer to unbind", hears(UNBIND_RESP, UNBIND));
    if (ending === "unbind_and_close") peer.socket.end();
  } else if (ending === "half_close") {
    peer.socket.end();
  } else {
    peer.socket.resetAndDestroy();
  }
  await peer.until("the end of the link", () => false);
}

/** For a failure's report: enough to write the case down as a test of its own. */
export function replayText({ seed, binds, chunks }: FuzzCase): string {
  const octets = Buffer.concat(chunks).toString("hex");
  return `seed ${seed}, ${binds ? "bound" : "unbound"}, ${chunks.length} chunks, octets ${octets}`;
}
