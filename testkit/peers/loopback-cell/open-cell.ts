/**
 * A cell for a server that would listen on every interface of the machine: a network namespace with nothing in it but a
 * loopback of its own. A Unix socket leads in, as a file system knows no network; a port on our loopback leads there.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LineProcess, startLineProcess } from "../line-process.ts";
import { joinSockets } from "./join-sockets.ts";

const INNER_PORT = 2775;

export interface LoopbackCell extends AsyncDisposable {
  /** On our loopback. */
  readonly port: number;
  readonly process: LineProcess;
}

/** `command` is told which port to listen on. Linux only; without root it needs user namespaces. */
export async function openLoopbackCell(
  command: (port: number) => readonly [program: string, ...args: string[]],
): Promise<LoopbackCell> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-cell-"));
  const path = join(folder, "in");
  const inside = 'ip link set lo up && exec "$@"';
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const main = [process.execPath, join(import.meta.dir, "main.ts"), path, String(INNER_PORT)];
  const cell = startLineProcess({
    file: "unshare",
    args: [...asRoot, "--net", "sh", "-c", inside, "sh", ...main, ...command(INNER_PORT)],
  });
  const sockets = new Set<Socket>();
  const server = createServer((outside) => {
    sockets.add(outside);
    joinSockets(outside, connect({ path }));
    outside.on("close", () => sockets.delete(outside));
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await cell[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await cell.until("its port", 1, ({ event }) => event === "listening");
  } catch (error) {
    await close();
    throw error;
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, process: cell, [Symbol.asyncDispose]: close };
}
