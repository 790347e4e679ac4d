import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { systemClock } from "#domain/clock.ts";
import { until } from "#testkit/until.ts";
import { openMemberNetwork } from "./member-network.ts";

/** Writes "ask" again whenever it is answered, and tells us so. */
const ASK = `
const [, , port] = process.argv;
const socket = require("node:net").createConnection({ port: Number(port), host: "127.0.0.1" });
socket.on("connect", () => socket.write("ask"));
socket.on("data", () => { process.stdout.write("."); setTimeout(() => socket.write("ask"), 5); });
`;

const MORE_BOUND_MS = 20_000;

async function openMember() {
  const seen = { asks: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => {
      seen.asks++;
      socket.write("answer");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: typeof address === "object" ? (address?.port ?? 0) : 0, seen, [Symbol.dispose]: close };
}

// Only Linux tells which process has connected.
test.skipIf(process.platform !== "linux")(
  "holds what one process sends in one direction, and nothing of another",
  async () => {
    using member = await openMember();
    const ids = new Map<string, number>();
    await using network = openMemberNetwork(systemClock, () => ids);
    const [port] = await network.advertise("syd1", [member.port]);
    const start = (name: string) => {
      const child = Bun.spawn([process.execPath, "-e", ASK, "x", `${port}`], { stdio: ["ignore", "pipe", "inherit"] });
      ids.set(name, child.pid);
      const counted = { answers: 0 };
      void (async () => {
        for await (const bytes of child.stdout) counted.answers += bytes.length;
      })();
      return { counted, [Symbol.dispose]: () => child.kill() };
    };
    using held = start("held");
    using free = start("free");
    const more = (what: { readonly answers: number }, before = what.answers): Promise<true> =>
      until("more answers", MORE_BOUND_MS, () => what.answers > before + 5 || undefined);
    const comesToRest = async (what: { readonly answers: number }): Promise<void> => {
      await more(free.counted); // what was on its way has arrived
      const before = what.answers;
      await more(free.counted);
      expect(what.answers).toBe(before);
    };
    await Promise.all([more(held.counted), more(free.counted)]);

    network.hold("syd1/0", "held");
    await comesToRest(held.counted);
    network.heal();
    await more(held.counted);

    network.hold("held", "syd1/0");
    using late = start("late"); // connects while there are rules, and is none of those they name
    await more(late.counted);
    await comesToRest(held.counted);
    network.heal();

    network.delay("free", "syd1/0", 50);
    await until("something late", 5_000, () => network.delayedBytes > 0 || undefined);
    expect(member.seen.asks).toBeGreaterThan(0);
  },
  30_000,
);
