import { expect, test } from "bun:test";
import type { Clock } from "#domain/clock.ts";
import { withDeadline } from "./with-deadline.ts";

/** Fires every timer when told to. */
function setup() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async () => undefined,
    after(_ms, run) {
      timers.add(run);
      return { cancel: () => timers.delete(run) };
    },
  };
  return { clock, timers, fire: () => timers.forEach((run) => void run()) };
}

test("withDeadline() ends an operation that is never answered, as a failure that may be tried again", async () => {
  const { clock, fire } = setup();
  const waiting = withDeadline(clock, new Promise<never>(() => undefined), 50);
  fire();
  expect(waiting).rejects.toMatchObject({ code: "store_timeout", retryable: true });
});

test("withDeadline() passes an answer or a failure on, and leaves no timer", async () => {
  const { clock, timers } = setup();
  expect(await withDeadline(clock, Promise.resolve("yes"))).toBe("yes");
  expect(withDeadline(clock, Promise.reject(new Error("no")))).rejects.toThrow("no");
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  expect(timers.size).toBe(0);
});
