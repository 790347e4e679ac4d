/**
 * Inside the cell: runs the program of its command line, hands on what it prints, and passes connections on a Unix
 * socket to its port. It ends, and the program with it, when its input does.
 *
 *     main.ts <socket> <port> <program> [args…]
 */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { portsByInode } from "../../socket-owners.ts";
import { joinSockets } from "./join-sockets.ts";

const POLL_MS = 50;
const [path = "", port = "", program = "", ...args] = process.argv.slice(2);
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
// latin1 loses no octet, whatever the program takes its text for.
for (const output of [child.stdout, child.stderr]) {
  output.setEncoding("latin1");
  output.on("data", (text: string) => say({ event: "printed", text }));
}
child.on("error", (error) => say({ event: "failed", why: error.message }));
child.on("exit", () => process.exit(1));
process.stdin.on("end", () => {
  child.kill("SIGKILL");
  process.exit(0);
});
process.stdin.resume();

/** Until the program listens; not by a connection, which a server may take for a client that came and went. */
function waitForPort(): void {
  if ([...portsByInode("listening").values()].includes(Number(port))) listen();
  else setTimeout(waitForPort, POLL_MS);
}

function listen(): void {
  const server = createServer((outside) => joinSockets(outside, connect({ host: "127.0.0.1", port: Number(port) })));
  server.listen(path, () => say({ event: "listening" }));
}

waitForPort();
