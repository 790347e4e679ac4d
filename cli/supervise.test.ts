import { expect, test } from "bun:test";
import type { Clock } from "#domain/clock.ts";
import { type SupervisedRole, supervise } from "./supervise.ts";

/** Sleeps end at once; what was slept is noted. */
function createInstantClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => now,
    monotonic: () => now,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
    after: () => ({ cancel: () => undefined }),
  };
}

/** Dies `deaths` times, each as soon as it runs, and then lives; `restart` fails where `fails` says so. */
function createMortal(deaths: number, fails: (attempt: number) => boolean = () => false) {
  const lives = Promise.withResolvers<void>();
  const forever = new Promise<never>(() => undefined);
  const died = Promise.resolve({ code: null, signal: "SIGKILL" as const });
  let attempts = 0;
  const role: SupervisedRole = {
    name: "worker",
    pid: 7,
    get exited() {
      return attempts < deaths ? died : forever;
    },
    async restart() {
      attempts++;
      if (attempts === deaths) lives.resolve();
      if (fails(attempts)) throw new Error("The role worker did not start: the disk is full");
    },
  };
  return { role, alive: lives.promise };
}

test("supervise() starts a role again when it dies, and says so", async () => {
  const { role, alive } = createMortal(1);
  const stop = new AbortController();
  const lines: string[] = [];
  const clock = createInstantClock();
  const done = supervise([role], { clock, signal: stop.signal, tell: (line) => lines.push(line) });
  await alive;
  stop.abort();
  await done;
  expect(lines).toEqual(["worker died (SIGKILL): it starts again in 1 s", "worker runs again (pid 7)"]);
});

test("supervise() waits longer from death to death, at most 30 s, also when the start fails", async () => {
  const { role, alive } = createMortal(7, (attempt) => attempt % 2 === 0);
  const stop = new AbortController();
  const lines: string[] = [];
  const clock = createInstantClock();
  const done = supervise([role], { clock, signal: stop.signal, tell: (line) => lines.push(line) });
  await alive;
  stop.abort();
  await done;
  expect(clock.slept).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(lines).toContain("The role worker did not start: the disk is full");
});

test("supervise() lets go of everyone at once when it is told to", async () => {
  const stop = new AbortController();
  const role = createMortal(0).role;
  const done = supervise([role, role], { clock: createInstantClock(), signal: stop.signal, tell: () => undefined });
  stop.abort();
  await done;
});
