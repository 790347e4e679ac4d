import { expect, test } from "bun:test";
import { createConnectionGate } from "./connection-gate.ts";

const setUp = () => createConnectionGate({ unboundMax: 3, unboundPerAddressMax: 2 });

test("enter() keeps both bounds, and leave() makes room", () => {
  const gate = setUp();
  const entered = ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"].map((address) => gate.enter(address));
  expect(entered).toEqual([true, true, false, true, false]);
  gate.leave("10.0.0.1");
  expect([gate.enter("10.0.0.3"), gate.enter("10.0.0.1")]).toEqual([true, false]);
  gate.leave("10.9.9.9");
  expect(gate.unbound).toBe(3);
});

test("the addresses of one /64 are one, and so are an IPv4 address and its mapped form", () => {
  const six = setUp();
  expect(["2001:db8::1", "2001:db8::2", "2001:db8::3"].map((address) => six.enter(address))).toEqual([
    true,
    true,
    false,
  ]);
  expect(six.enter("2001:db8:0:1::1")).toBe(true);
  const four = setUp();
  expect(["10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1"].map((address) => four.enter(address))).toEqual([
    true,
    true,
    false,
  ]);
});
