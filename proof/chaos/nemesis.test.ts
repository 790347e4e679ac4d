import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import type { Fault } from "./faults/fault.ts";
import { type NemesisDeps, runRound } from "./nemesis.ts";

const ROUND = { round: 3, fault: "f", quietMs: 0, seed: 1 };

/** Nothing but what a round itself asks for. */
function quietPlatform() {
  const lines: object[] = [];
  const deps = {
    stack: { platform: { sets: [] }, roles: new Map() },
    watch: { open: new Map() },
    folder: { write: (_: string, line: object) => void lines.push(line) },
    clock: createManualClock(),
    say: () => undefined,
    signal: new AbortController().signal,
  } as unknown as NemesisDeps;
  return { deps, lines };
}

function fault(cause: Fault["cause"]): Fault {
  return { name: "f", available: () => undefined, cause };
}

test("a fault that happened: start, proof, end; healed in the opposite order", async () => {
  const { deps, lines } = quietPlatform();
  const healed: string[] = [];
  const result = await runRound(
    deps,
    fault(({ detail, onHeal }) => {
      detail({ set: "syd1" });
      onHeal(() => void healed.push("first"));
      onHeal(() => void healed.push("second"));
      return Promise.resolve({ happened: true, evidence: "seen" });
    }),
    ROUND,
  );
  expect(lines).toEqual([
    { fault: "f", round: 3, type: "start", detail: { set: "syd1" } },
    { fault: "f", round: 3, type: "proof", happened: true, evidence: "seen" },
    { fault: "f", round: 3, type: "end", detail: {} },
  ]);
  expect(healed).toEqual(["second", "first"]);
  expect(result).toMatchObject({ happened: true, stalled: 0 });
});

test("a fault that did not happen, or failed, is written down as that, and healed", async () => {
  const { deps, lines } = quietPlatform();
  let healed = 0;
  const causes: readonly Fault["cause"][] = [
    () => Promise.resolve({ happened: false, evidence: "nothing in hand" }),
    ({ onHeal }) => {
      onHeal(() => void healed++);
      return Promise.reject(new Error("no primary"));
    },
  ];
  for (const cause of causes) expect(await runRound(deps, fault(cause), ROUND)).toMatchObject({ happened: false });
  expect(lines).toMatchObject([
    { type: "proof", happened: false },
    { type: "end" },
    { type: "failed" },
    { type: "end" },
  ]);
  expect(healed).toBe(1);
});

test("what cannot be healed is a failure of the round", async () => {
  const { deps, lines } = quietPlatform();
  const stuck = fault(({ onHeal }) => {
    onHeal(() => Promise.reject(new Error("stuck")));
    return Promise.resolve({ happened: true, evidence: "seen" });
  });
  expect(await runRound(deps, stuck, ROUND)).toMatchObject({ happened: false });
  expect(lines).toMatchObject([{ type: "proof" }, { type: "failed", error: expect.stringContaining("stuck") }, {}]);
});
