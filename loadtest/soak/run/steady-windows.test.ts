import { expect, test } from "bun:test";
import { steadyWindows } from "./steady-windows.ts";

const phases = [
  { name: "warm_up", kind: "warm_up", from: 0, to: 10_000 },
  { name: "steady_1", kind: "steady", from: 10_000, to: 60_000 },
  { name: "fault", kind: "fault", from: 60_000, to: 90_000 },
  { name: "steady_2", kind: "steady", from: 95_000, to: 150_000 },
];

test("both steady phases, each without its first moments", () => {
  expect(steadyWindows(phases, [])).toEqual([
    { from: 13_000, to: 60_000 },
    { from: 98_000, to: 150_000 },
  ]);
});

test("a fault that lasted into the steady phase takes it away until it is over and recovered from", () => {
  const fault = { name: "kill", from: 62_000, to: 120_000 };
  expect(steadyWindows(phases, [fault])[1]).toEqual({ from: 130_000, to: 150_000 });
  expect(steadyWindows(phases, [{ ...fault, to: 149_000 }])).toHaveLength(1);
});
