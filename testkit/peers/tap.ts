/** A wire with an ear on it: passes octets on between a client and a port, and keeps what each side wrote. */
import { connect, createServer, type Socket } from "node:net";
import type { WrittenPdu } from "./tshark.ts";

const HEADER_BYTES = 16;

export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** Every whole PDU of either side, link by link. */
  pdus(): readonly WrittenPdu[];
}

export async function openTap(targetPort: number): Promise<Tap> {
  const written: { readonly from: WrittenPdu["from"]; readonly chunks: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const pass = (from: WrittenPdu["from"], source: Socket, target: Socket): void => {
    const chunks: Buffer[] = [];
    written.push({ from, chunks });
    sockets.add(source);
    source.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      target.write(chunk);
    });
    source.on("end", () => target.end());
    source.on("error", () => target.destroy());
    source.on("close", () => {
      sockets.delete(source);
      target.destroy();
    });
  };
  const server = createServer((client) => {
    const smsc = connect({ host: "127.0.0.1", port: targetPort });
    pass("esme", client, smsc);
    pass("smsc", smsc, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    pdus: () => written.flatMap(({ from, chunks }) => [...cut(from, Buffer.concat(chunks))]),
    [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

function* cut(from: WrittenPdu["from"], stream: Buffer): Generator<WrittenPdu> {
  for (let at = 0; at + HEADER_BYTES <= stream.length; ) {
    const length = stream.readUInt32BE(at);
    if (length < HEADER_BYTES || at + length > stream.length) return;
    yield { from, octets: stream.subarray(at, at + length) };
    at += length;
  }
}
