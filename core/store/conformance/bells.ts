/** Wake-ups: a hint that must come, and must never be needed. */
import { expect, test } from "bun:test";
import { type Bundle, chunk, claimOne, freshLane } from "./kit.ts";

const NEVER = new AbortController().signal;
/** A wait that ends by its time has not been rung. */
const LONG_MS = 60_000;
/** So that a bell that is out of order fails its test. */
const options = { pollMs: LONG_MS };

export function describeBells(setup: () => Bundle): void {
  test("a bell rings for a chunk that another process puts on its lane", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    using bell = store.bell([freshLane(), lane], options);
    const rung = bell.wait(LONG_MS, NEVER);
    await other.commit({ chunks: [chunk(lane, ["here"])] });
    await rung;
    expect((await claimOne(store, lane)).items).toEqual(["here"]);
  });

  test("a bell that rang while nobody waited ends the next wait at once", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    using bell = store.bell([lane], options);
    using another = store.bell([lane], options);
    for (const text of ["first", "second"]) {
      const rung = bell.wait(LONG_MS, NEVER);
      await other.commit({ chunks: [chunk(lane, [text])] });
      await rung;
    }
    await another.wait(LONG_MS, NEVER);
  });

  test("a wait ends by its time and by its signal", async () => {
    const { store } = setup();
    using bell = store.bell([freshLane()], options);
    // The first look of a bell that has just begun to listen may be for nothing.
    await bell.wait(1, NEVER);
    const stop = new AbortController();
    const stopped = bell.wait(LONG_MS, stop.signal);
    stop.abort();
    await stopped;
  });
}
