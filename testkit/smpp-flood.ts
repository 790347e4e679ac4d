/**
 * A customer's process that has gone wild: it binds so often and writes one PDU for ever, as fast as it is read. Run as
 * a program it does that; others start it as one, as it keeps a core busy.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { encodePdu } from "#core/smpp/codec.ts";
import type { SmppAccount } from "./peers/kannel.ts";

export interface FloodOptions extends SmppAccount {
  readonly binds: number;
  /** What each of them writes. */
  readonly command: string;
}

const PDUS_A_BLOCK = 500;

/** Dispose to kill it. */
export function startFlood({ port, systemId, password, binds, command }: FloodOptions): Disposable {
  const args = [`${port}`, systemId, password, `${binds}`, command];
  const started = Bun.spawn([process.execPath, import.meta.path, ...args], { stdout: "ignore", stderr: "inherit" });
  return { [Symbol.dispose]: () => started.kill("SIGKILL") };
}

function flood({ host, port, systemId, password, binds, command }: FloodOptions): void {
  const message = { source_addr: "72345", destination_addr: "491701234567", short_message: Buffer.alloc(100, 0x78) };
  const pdu = encodePdu({ command, sequence: 7, fields: command === "submit_sm" ? message : {} });
  const block = Buffer.concat(Array.from({ length: PDUS_A_BLOCK }, () => pdu));
  const bind = encodePdu({ command: "bind_transceiver", sequence: 1, fields: { system_id: systemId, password } });
  for (let i = 1; i <= binds; i++) {
    const socket = connect({ host, port, localAddress: `127.8.0.${i}` });
    const pump = (): void => {
      while (socket.write(block));
    };
    socket.on("error", () => undefined);
    socket.on("drain", pump);
    // Not before the bind is answered: what comes earlier is refused.
    socket.once("data", pump);
    socket.on("data", () => undefined);
    socket.write(bind);
  }
}

if (import.meta.main) {
  const [port = "", systemId = "", password = "", binds = "", command = ""] = process.argv.slice(2);
  flood({ host: "127.0.0.1", port: Number(port), systemId, password, binds: Number(binds), command });
}
