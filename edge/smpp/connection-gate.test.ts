import { expect, test } from "bun:test";
import { createConnectionGate } from "./connection-gate.ts";

function setUp() {
  let now = 0;
  const gate = createConnectionGate({ monotonic: () => now }, { unboundMax: 3, unboundPerAddressMax: 2 });
  return { gate, advance: (ms: number) => (now += ms) };
}

test("enter() keeps both bounds, and leave() makes room", () => {
  const { gate } = setUp();
  expect([gate.enter("a"), gate.enter("a"), gate.enter("a"), gate.enter("b"), gate.enter("c")]).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  gate.leave("a");
  expect([gate.enter("c"), gate.enter("a")]).toEqual([true, false]);
  gate.leave("nobody");
  expect(gate.unbound).toBe(3);
});

test("delayMs() doubles with each refusal up to its bound, for that address alone, and is forgiven in time", () => {
  const { gate, advance } = setUp();
  const delays = Array.from({ length: 8 }, () => {
    gate.refused("a");
    return gate.delayMs("a");
  });
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  expect(gate.delayMs("b")).toBe(0);
  advance(600_000);
  expect(gate.delayMs("a")).toBe(0);
  gate.refused("a");
  expect(gate.delayMs("a")).toBe(250);
});

test("the oldest of too many addresses is forgotten", () => {
  const { gate } = setUp();
  for (let i = 0; i < 10_001; i++) gate.refused(`${i}`);
  expect([gate.delayMs("0"), gate.delayMs("1")]).toEqual([0, 250]);
});
