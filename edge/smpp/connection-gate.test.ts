import { expect, test } from "bun:test";
import { createConnectionGate } from "./connection-gate.ts";

function setUp() {
  const gate = createConnectionGate({ unboundMax: 3, unboundPerAddressMax: 2 });
  const turnedOut: string[] = [];
  const enter = (address: string) => gate.enter(address, () => void turnedOut.push(address));
  return { gate, enter, turnedOut };
}

test("of one address there are so many and no more, and leave() makes room, once", () => {
  const { gate, enter } = setUp();
  const [first, second, third] = [enter("10.0.0.1"), enter("10.0.0.1"), enter("10.0.0.1")];
  expect([first, second, third].map((visit) => visit !== undefined)).toEqual([true, true, false]);
  first?.leave();
  first?.leave();
  expect(gate.unbound).toBe(1);
  expect([enter("10.0.0.1"), enter("10.0.0.1")].map((visit) => visit !== undefined)).toEqual([true, false]);
});

test("of too many in all the oldest makes room", () => {
  const { gate, enter, turnedOut } = setUp();
  const visits = [1, 2, 3, 4, 5].map((i) => enter(`10.0.0.${i}`));
  expect(visits.every((visit) => visit !== undefined)).toBe(true);
  expect([turnedOut, gate.unbound]).toEqual([["10.0.0.1", "10.0.0.2"], 3]);
  visits[0]?.leave();
  visits[3]?.leave();
  expect(gate.unbound).toBe(2);
  enter("10.0.0.6");
  expect(turnedOut.length).toBe(2);
});

test("strangers do not turn out who comes from where an account has bound, and are not turned out for him", () => {
  const { gate, enter, turnedOut } = setUp();
  const bound = enter("10.0.0.1");
  bound?.welcome();
  bound?.leave();
  for (const i of [1, 1, 2, 3, 4, 5, 6]) enter(`10.0.0.${i}`);
  expect([turnedOut, gate.unbound]).toEqual([["10.0.0.2", "10.0.0.3"], 5]);
  expect(enter("10.0.0.1")).toBeUndefined();
});

test("the addresses of one /64 are one, and so are an IPv4 address and its mapped form", () => {
  const six = setUp();
  const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"];
  expect(addresses.map((address) => six.enter(address) !== undefined)).toEqual([true, true, false, true]);
  const four = setUp();
  const mapped = ["10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1"];
  expect(mapped.map((address) => four.enter(address) !== undefined)).toEqual([true, true, false]);
});
