import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { findProcesses } from "./find-processes.ts";

const CONNECT = `
const [, , port] = process.argv;
require("node:net").createConnection({ port: Number(port), host: "127.0.0.1" });
`;

// Only Linux tells.
test.skipIf(process.platform !== "linux")("names the process that connected, and nobody for a stranger", async () => {
  const server = createServer();
  const { promise: accepted, resolve } = Promise.withResolvers<Socket>();
  server.once("connection", resolve);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const child = Bun.spawn([process.execPath, "-e", CONNECT, "x", `${port}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const socket = await accepted;
    const from = socket.remotePort ?? 0;
    expect(findProcesses(new Set([from]), new Map([["child", child.pid]]))).toEqual(new Map([[from, "child"]]));
    expect(findProcesses(new Set([from]), new Map([["other", process.ppid]]))).toEqual(new Map());
    socket.destroy();
  } finally {
    child.kill();
    server.close();
  }
});
