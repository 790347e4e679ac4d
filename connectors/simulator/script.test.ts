import { describe, expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { InputError, parseInput } from "./problem.ts";
import { type ScriptInput, scriptSchema } from "./script.ts";
import { createScriptPlayer } from "./script-player.ts";

/** A player whose begun phases are told by name. */
function playing(input: ScriptInput) {
  const clock = createManualClock();
  const begun: (string | undefined)[] = [];
  const player = createScriptPlayer({ clock, begin: ({ name }) => begun.push(name) });
  let submits = 0;
  player.start(scriptSchema.parse(input));
  return {
    clock,
    player,
    begun,
    submit(times: number) {
      for (let i = 0; i < times; i++) {
        submits++;
        player.onSubmit(submits);
      }
    },
  };
}

describe("a script", () => {
  test("begins its phases by time, and stays in the last", () => {
    const { clock, player, begun } = playing([
      { name: "calm", afterSeconds: 0 },
      { name: "slow", afterSeconds: 30 },
      { name: "gone", afterSeconds: 30 },
    ]);
    expect(begun).toEqual(["calm"]);
    expect(player.status).toMatchObject({
      state: "running",
      phase: { index: 0, name: "calm" },
      next: { afterSeconds: 30 },
    });
    clock.advance(29_999);
    expect(begun).toEqual(["calm"]);
    clock.advance(1);
    expect(begun).toEqual(["calm", "slow", "gone"]);
    expect(player.status).toMatchObject({ state: "last_phase", phase: { index: 2 }, elapsedSeconds: 30, phases: 3 });
    expect(clock.timers).toBe(0);
  });

  test("begins its phases by count, with the submit after it", () => {
    const { player, begun, submit } = playing([
      { name: "first", afterSubmits: 0 },
      { name: "second", afterSubmits: 3 },
    ]);
    submit(3);
    expect(begun).toEqual(["first"]);
    expect(player.status).toMatchObject({ submits: 3, next: { afterSubmits: 3 } });
    submit(1);
    expect(begun).toEqual(["first", "second"]);
  });

  test("keeps the order of phases: one by time waits for one by count before it", () => {
    const { clock, begun, submit } = playing([
      { name: "count", afterSubmits: 1 },
      { name: "time", afterSeconds: 10 },
    ]);
    clock.advance(60_000);
    expect(begun).toEqual([]);
    submit(2);
    expect(begun).toEqual(["count", "time"]);
  });

  test("begins again, counting anew", () => {
    const { clock, player, begun, submit } = playing({
      phases: [
        { name: "a", afterSeconds: 0 },
        { name: "b", afterSubmits: 2 },
      ],
      repeatAfterSeconds: 60,
    });
    submit(3);
    clock.advance(60_000);
    expect(begun).toEqual(["a", "b", "a"]);
    submit(2);
    expect(begun).toHaveLength(3);
    submit(1);
    expect(begun).toEqual(["a", "b", "a", "b"]);
    expect(player.status).toMatchObject({ rounds: 2 });
    player.stop();
    expect([player.status, clock.timers]).toEqual([{ state: "none" }, 0]);
  });

  test("started again, forgets the one before", () => {
    const { clock, player, begun } = playing([{ name: "old", afterSeconds: 10 }]);
    player.start(scriptSchema.parse([{ name: "new", afterSeconds: 5 }]));
    clock.advance(20_000);
    expect(begun).toEqual(["new"]);
  });
});

describe("scriptSchema", () => {
  const problemsOf = (input: unknown): readonly string[] => {
    try {
      parseInput(scriptSchema, input, "play the script");
      return [];
    } catch (error) {
      if (error instanceof InputError) return error.fields.map(({ field, problem }) => `${field}: ${problem}`);
      throw error;
    }
  };

  test("takes a list of phases, and an object with more", () => {
    expect(problemsOf([{ afterSeconds: 0, behaviour: { respDelayMs: 5 } }])).toEqual([]);
    const accounts = [{ systemId: "a", password: "x", behaviour: { bindsMax: 1 } }];
    const phases = [{ afterSubmits: 0, accounts: { a: null, b: { noBindAnswer: true } }, links: "reset" }];
    expect(problemsOf({ name: "n", seed: 1, accounts, phases, repeatAfterSeconds: 9 })).toEqual([]);
  });

  test("names every wrong field", () => {
    expect(problemsOf([])).toMatchObject([expect.stringContaining("phases: ")]);
    expect(problemsOf([{ afterSeconds: 0, behavior: {} }])).toEqual([
      "phases.0.behavior: is not known here: check its spelling",
    ]);
    expect(problemsOf([{ behaviour: {} }])).toEqual(["phases.0: needs exactly one of afterSeconds and afterSubmits"]);
    expect(problemsOf([{ afterSeconds: 9 }, { afterSeconds: 3 }])).toEqual([
      "phases.1.afterSeconds: must not be below 9, as before",
    ]);
    expect(problemsOf({ phases: [{ afterSeconds: 9 }], repeatAfterSeconds: 3 })).toEqual([
      "repeatAfterSeconds: must not be below 9",
    ]);
    const wrong = { respDelayMs: { kind: "uniform", fromMs: 5, toMs: 1 }, refuse: [{ status: "8" }] };
    expect(problemsOf([{ afterSeconds: 0, behaviour: wrong }])).toEqual([
      "phases.0.behaviour.respDelayMs.toMs: must not be below fromMs",
      expect.stringContaining("phases.0.behaviour.refuse.0.status: must be a command_status"),
    ]);
    const twice = [{ systemId: "a" }, { systemId: "a" }];
    expect(problemsOf({ accounts: twice, phases: [{ afterSeconds: 0 }] })).toEqual([
      "accounts: names a systemId twice",
    ]);
  });
});
