/** What proves a pause is itself tested: a process that held nothing has shown nothing. */
import { expect, test } from "bun:test";
import type { LaneDepth } from "#core/store/store.ts";
import { isStuck, type PauseSeen, provePause, VICTIMS } from "./pause-role.ts";
import { type Depths, itemsOn, oldestAge } from "./waiting-on.ts";

const connectors = VICTIMS.find(({ name }) => name === "pause-connectors");
const workers = VICTIMS.find(({ name }) => name === "pause-worker");
if (connectors === undefined || workers === undefined) throw new Error("Both roles are paused");

const seen: PauseSeen = { process: "connectors", state: "T", inHand: 40, others: 300, taken: 3, lost: 1 };

test("a pause is proven by a takeover or by a lost lease, one of them is enough", () => {
  for (const proof of [seen, { ...seen, taken: 0 }, { ...seen, lost: 0 }]) {
    expect(provePause(proof, connectors).happened).toBe(true);
  }
});

test("planted: connectors that held nothing, so that nothing was taken over and no lease was lost", () => {
  const { happened, evidence } = provePause({ ...seen, taken: 0, lost: 0 }, connectors);
  expect(happened).toBe(false);
  expect(evidence).toContain("0 segments were taken over in doubt, 0 leases found lost");
});

test("planted: a process that was not stopped, had nothing to do, or without which nothing went on", () => {
  for (const wrong of [{ state: "S" }, { inHand: 0 }, { others: 0 }]) {
    for (const victim of [connectors, workers]) expect(provePause({ ...seen, ...wrong }, victim).happened).toBe(false);
  }
});

test("of a worker no takeover is asked: it holds for milliseconds", () => {
  expect(provePause({ ...seen, taken: 0, lost: 0 }, workers).happened).toBe(true);
});

const depth = (items: number, oldestMs: number): LaneDepth => ({ chunks: items === 0 ? 0 : 1, items, oldestMs });

test("planted: what waits is young, or lies on other lanes, so the stopped connectors hold nothing", () => {
  const depths: Depths = [
    ["submit.acme.bulk", depth(30, 400)],
    ["submit.zeta.alert", depth(0, 0)],
    ["inbox.bulk", depth(500, 60_000)],
    ["dead", depth(2, 900_000)],
  ];
  expect(isStuck(oldestAge(depths, connectors.lanes))).toBe(false);
  expect(isStuck(oldestAge([], connectors.lanes))).toBe(false);
  expect(itemsOn(depths, connectors.lanes)).toBe(30);
  // The other set's chunk has not moved since the stop.
  expect(isStuck(oldestAge([...depths, ["submit.acme.bulk", depth(7, 2_600)]], connectors.lanes))).toBe(true);
});
