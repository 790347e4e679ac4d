/** The walk through what waits on a restored set, on a set in memory whose claims take their time. */
import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { createIdMint, type SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { walkWaiting } from "./walk-waiting.ts";

const set = "syd1" as SetId;

/** Every claim takes `claimMs` and brings two chunks at most. */
function slow(store: Store, options: { readonly claim: () => void }): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === "claim") {
        const claim: Store["claim"] = (asked) => {
          options.claim();
          return target.claim({ ...asked, itemsMax: 2 });
        };
        return claim;
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function walk(options: { readonly chunks: number; readonly claimMs: number; readonly delayed?: number }) {
  const clock = createManualClock();
  const mint = createIdMint({ clock, random: systemRandom });
  const memory = createMemoryStore({ set, region: "syd", clock, random: systemRandom });
  const lane = lanes.inbox("bulk");
  const put = (count: number, delayMs: number) =>
    memory.commit({
      chunks: Array.from({ length: count }, (_, i) => ({ id: mint.chunkId(), lane, items: [{ i }], delayMs })),
    });
  await put(options.chunks, 0);
  await put(options.delayed ?? 0, 24 * 3_600_000);
  let claims = 0;
  const claim = (): void => {
    claims += 1;
    if (claims > 200) throw new Error("the walk does not end");
    clock.advance(options.claimMs);
  };
  const store = slow(memory, { claim });
  return { ...(await walkWaiting({ store, clock, mint, owner: "test", lost: new Map() })), claims };
}

test("a walk that takes longer than chunks are put off for sees every chunk all the same", async () => {
  expect(await walk({ chunks: 5, claimMs: 70_000 })).toMatchObject({ unseen: 0 });
  expect(await walk({ chunks: 21, claimMs: 50_000 })).toMatchObject({ unseen: 0 });
});

test("a walk ends although what it has seen keeps coming back, and says what it could not look at", async () => {
  expect(await walk({ chunks: 7, claimMs: 130_000, delayed: 2 })).toMatchObject({ unseen: 2 });
});
