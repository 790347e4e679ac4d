import { expect, test } from "bun:test";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { createGroupCommit } from "./group-commit.ts";

/** A write that ends when the test says so. */
function controlledWrites() {
  const started: { readonly batch: readonly number[]; readonly end: PromiseWithResolvers<void> }[] = [];
  const write = (batch: readonly number[]): Promise<void> => {
    const end = Promise.withResolvers<void>();
    started.push({ batch, end });
    return end.promise;
  };
  return { started, write };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what comes in one turn, and what comes while a write is under way, is written together", async () => {
  const { started, write } = controlledWrites();
  const group = createGroupCommit({ inFlightMax: 1, write });
  const first = [group.send(1), group.send(2)];
  await nextTurn();
  const second = [group.send(3), group.send(4)];
  await nextTurn();
  expect(started.map(({ batch }) => batch)).toEqual([[1, 2]]);
  started[0]?.end.resolve();
  await Promise.all(first);
  await nextTurn();
  expect(started.map(({ batch }) => batch)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  started[1]?.end.resolve();
  await Promise.all(second);
});

test("a batch is no larger than a chunk", async () => {
  const { started, write } = controlledWrites();
  const group = createGroupCommit({ inFlightMax: 2, write });
  const sends = Array.from({ length: CHUNK_ITEMS_MAX + 1 }, (_, i) => group.send(i));
  await nextTurn();
  expect(started.map(({ batch }) => batch.length)).toEqual([CHUNK_ITEMS_MAX, 1]);
  for (const { end } of started) end.resolve();
  await Promise.all(sends);
});

test("a write that fails fails all of its sends, and no other", async () => {
  const { started, write } = controlledWrites();
  const group = createGroupCommit({ inFlightMax: 1, write });
  const lost = Promise.allSettled([group.send(1), group.send(2)]);
  await nextTurn();
  const kept = group.send(3);
  started[0]?.end.reject(new Error("planted"));
  expect((await lost).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await nextTurn();
  started[1]?.end.resolve();
  await kept;
});
