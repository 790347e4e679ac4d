import { expect, test } from "bun:test";
import { dataDirOf, optionOfPort, parsePort, portsOf, type UpFlags } from "./up-options.ts";

const FLAGS: UpFlags = { demo: true, edgeRuntime: "deno" };

test("portsOf() takes the fixed ports, moved where an option says so", () => {
  expect(portsOf({ ...FLAGS, edgePort: 9000, mongoPort: 30_000 })).toEqual({
    edge: 9000,
    reports: 8081,
    simulatorControl: 8082,
    worker: 8083,
    connectors: 8084,
    projector: 8085,
    smpp: 2776,
    smppHealth: 8086,
    simulator: 2775,
    postgres: 5433,
    mongo: 30_000,
  });
  expect(portsOf({ ...FLAGS, freePorts: true, edgePort: 9000 })).toEqual({ edge: 9000 });
});

test("optionOfPort() names the option that moves a port, for every member of the sets too", () => {
  const ports = portsOf(FLAGS);
  expect([8080, 8082, 27_101, 27_106].map((port) => optionOfPort(port, ports))).toEqual([
    "--edge-port",
    "--control-port",
    "--mongo-port",
    "--mongo-port",
  ]);
  expect(optionOfPort(27_107, ports)).toBeUndefined();
});

test("dataDirOf() goes by the option, then GODWIT_DATA, then the folder of the repository", () => {
  expect(dataDirOf("/a", { GODWIT_DATA: "/b" }, "/home")).toBe("/a");
  expect(dataDirOf(undefined, { GODWIT_DATA: "/b" }, "/c")).toBe("/b");
  expect(dataDirOf(undefined, { GODWIT_DATA: "" }, "/c")).toBe("/c/.godwit");
});

test("parsePort() refuses what is no port", () => {
  expect(parsePort("8080")).toBe(8080);
  for (const text of ["0", "65536", "80a", "", "-1", "1e3"]) expect(() => parsePort(text)).toThrow("1 to 65535");
});
