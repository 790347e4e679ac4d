// Each fault of a wire does what its name says, and ends with it.

import { expect, test } from "bun:test";
import { seededStream } from "../seeded-random.ts";
import { inMacrotask } from "./run-seeds.ts";
import { SimProcess } from "./sim-process.ts";
import { SimTime } from "./sim-time.ts";
import { createSimWire, Link, type WireFault, wireFaults } from "./sim-wire.ts";

const CALLS = 200;

async function callsWith(fault: WireFault | undefined) {
  const time = new SimTime(seededStream(1, "ties"));
  const process = new SimProcess({ name: "one", time, random: seededStream(1, "one") });
  const link = new Link({ min: 1, max: 2 });
  const wire = createSimWire({ process, link, time, random: seededStream(1, "wire") });
  if (fault !== undefined) link.break(fault, 0);
  const served: number[] = [];
  const answers: string[] = [];
  for (let i = 0; i < CALLS; i++) {
    const call = wire.call(() => served.push(time.now));
    call.then(
      () => answers.push("ok"),
      (error: Error) => answers.push(error.name),
    );
  }
  await inMacrotask(() => time.runUntil(() => false, 60_000));
  const count = (name: string): number => answers.filter((answer) => answer === name).length;
  const errors = answers.length - count("ok");
  return { served, answers: answers.length, ok: count("ok"), errors, resets: count("MongoNetworkError") };
}

test("without a fault every request is served and answered", async () => {
  expect(await callsWith(undefined)).toMatchObject({ ok: CALLS, errors: 0 });
});

test.each(wireFaults)("every call over a wire that is %s settles", async (fault) => {
  expect((await callsWith(fault)).answers).toBe(CALLS);
});

test("cut and mute wires serve nothing, a deaf one serves all and answers none", async () => {
  expect((await callsWith("cut")).served).toEqual([]);
  expect((await callsWith("mute")).served).toEqual([]);
  expect(await callsWith("deaf")).toMatchObject({ ok: 0, errors: CALLS });
  expect((await callsWith("deaf")).served).toHaveLength(CALLS);
});

test("a lossy wire loses some of both, and resets some connections", async () => {
  const { served, ok, resets } = await callsWith("lossy");
  expect(served.length).toBeLessThan(CALLS);
  expect(ok).toBeLessThan(served.length);
  expect(resets).toBeGreaterThan(0);
});

test("over a late wire requests are served whose sender has given up", async () => {
  const { served, ok } = await callsWith("late");
  expect(served).toHaveLength(CALLS);
  expect(ok).toBeLessThan(CALLS);
  expect(Math.max(...served)).toBeGreaterThan(8_000);
});
