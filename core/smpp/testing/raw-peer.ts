/** A peer without manners: writes any octets, reads PDUs one by one. For tests of what a session does with bad ones. */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { decodePdu, encodePdu } from "../codec.ts";
import { createFramer } from "../framer.ts";
import type { OutgoingPdu, Pdu } from "../pdu.ts";

export interface RawPeer extends Disposable {
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  write(octets: Uint8Array): void;
  send(pdu: OutgoingPdu): void;
  /** The next PDU in order; rejects when the link closes first. */
  next(): Promise<Pdu>;
}

/** `from`: the local address. */
export async function connectRawPeer(port: number, from?: string): Promise<RawPeer> {
  const socket = connect({ host: "127.0.0.1", port, ...(from !== undefined && { localAddress: from }) });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return wrapRawPeer(socket);
}

export function wrapRawPeer(socket: Socket): RawPeer {
  const framer = createFramer();
  const arrived: Pdu[] = [];
  const waiting: { resolve: (pdu: Pdu) => void; reject: (error: Error) => void }[] = [];
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<void>();
  let isClosed = false;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    resolveClosed();
    for (const { reject } of waiting) reject(new Error("Cannot read PDU: link is closed"));
  });
  socket.on("data", (chunk: Buffer) => {
    framer.push(chunk);
    for (let frame = framer.next(); frame.type === "frame"; frame = framer.next()) {
      const pdu = decodePdu(frame.bytes);
      const waiter = waiting.shift();
      if (waiter === undefined) arrived.push(pdu);
      else waiter.resolve(pdu);
    }
  });
  return {
    closed,
    get isClosed() {
      return isClosed;
    },
    write: (octets) => void socket.write(Buffer.from(octets)),
    send: (pdu) => void socket.write(encodePdu(pdu)),
    next() {
      const pdu = arrived.shift();
      if (pdu !== undefined) return Promise.resolve(pdu);
      if (isClosed) return Promise.reject(new Error("Cannot read PDU: link is closed"));
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
