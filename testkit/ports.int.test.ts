import { expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:net";
import { assertPortFree, describePortOwner, freePorts, PortTakenError } from "./ports.ts";

test("freePorts() gives each port once, also to callers at the same time", async () => {
  const ports = (await Promise.all(Array.from({ length: 10 }, () => freePorts(3)))).flat();
  expect(new Set(ports).size).toBe(30);
});

test("assertPortFree() names who holds the port", async () => {
  const [port = 0] = await freePorts(1);
  await assertPortFree(port);
  const server = createServer();
  await once(server.listen(port, "127.0.0.1"), "listening");
  try {
    const error = await assertPortFree(port).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PortTakenError);
    if (process.platform === "linux") {
      expect(await describePortOwner(port)).toMatch(new RegExp(`^.+ \\(pid ${process.pid}\\)$`));
      expect(String(error)).toContain(`(pid ${process.pid})`);
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await describePortOwner(port)).toBeUndefined();
});
