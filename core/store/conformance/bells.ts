/** Wake-ups: a hint that must come, and must never be needed. */
import { expect, test } from "bun:test";
import { type Bundle, chunk, claimOne, eventually, freshLane } from "./kit.ts";

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
    expect(await rung).toBe(true);
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
      expect(await rung).toBe(true);
    }
    expect(await another.wait(LONG_MS, NEVER)).toBe(true);
  });

  test("a bell rings when a delayed chunk has become ready, and for one that nobody claimed", async () => {
    const { store, other } = setup();
    const lane = freshLane();
    await other.commit({ chunks: [chunk(lane, ["later"], { delayMs: 300 })] });
    using bell = store.bell([lane], { pollMs: 20 });
    for (let i = 0; i < 2; i++) await eventually(async () => (await bell.wait(LONG_MS, NEVER)) || undefined);
    expect((await claimOne(store, lane)).items).toEqual(["later"]);
  });

  test("a wait ends by its time and by its signal, and says that nothing rang", async () => {
    const { store } = setup();
    using bell = store.bell([freshLane()], options);
    expect(await bell.wait(1, NEVER)).toBe(false);
    const stop = new AbortController();
    const stopped = bell.wait(LONG_MS, stop.signal);
    stop.abort();
    expect(await stopped).toBe(false);
  });
}
