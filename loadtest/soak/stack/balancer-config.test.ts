import { expect, test } from "bun:test";
import { balancerConfig } from "./balancer-config.ts";
import { findBalancer } from "./open-balancer.ts";

test("every edge is a server that is asked whether it is ready, and nothing listens beyond this machine", () => {
  const config = balancerConfig({
    port: 20_001,
    statsPort: 20_002,
    edges: [
      { name: "edge", port: 20_003 },
      { name: "edge-2", port: 20_004 },
    ],
  });
  expect(config).toContain("server edge 127.0.0.1:20003 check\n  server edge-2 127.0.0.1:20004 check");
  expect(config).toContain("uri /readyz");
  const binds = [...config.matchAll(/^ {2}bind (.*)$/gm)].map(([, address]) => address);
  expect(binds).toEqual(["127.0.0.1:20001", "127.0.0.1:20002"]);
});

test("without one it says how to get it, and how to go on without", () => {
  expect(() => findBalancer("/nonexistent")).toThrow(/apt-get install haproxy.*--no-balancer/);
});
