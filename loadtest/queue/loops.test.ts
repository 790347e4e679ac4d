import { expect, test } from "bun:test";
import { startLoops } from "./loops.ts";

const { signal } = new AbortController();
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("startLoops() ends each loop when its round says so", async () => {
  const rounds = [0, 0];
  const loops = startLoops(
    2,
    async (loop) => {
      rounds[loop] = (rounds[loop] ?? 0) + 1;
      return (rounds[loop] ?? 0) < 3;
    },
    signal,
  );
  await loops.whenEnded;
  expect([rounds, loops.ended]).toEqual([[3, 3], true]);
  await loops.stop();
});

test("stop() lets every loop finish its round", async () => {
  const hold = Promise.withResolvers<void>();
  let finished = 0;
  const round = async (): Promise<boolean> => {
    await hold.promise;
    finished++;
    return true;
  };
  const loops = startLoops(3, round, signal);
  const stopped = loops.stop();
  await nextTurn();
  expect(loops.ended).toBe(false);
  hold.resolve();
  await stopped;
  expect(finished).toBe(3);
});

test("one that fails stops the others, and stop() says why", async () => {
  const round = async (loop: number): Promise<boolean> => {
    await nextTurn();
    if (loop === 1) throw new Error("planted");
    return true;
  };
  const loops = startLoops(3, round, signal);
  await loops.whenEnded;
  await expect(loops.stop()).rejects.toThrow("planted");
});
