import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { describeStore } from "../store.conformance.ts";
import { createMemorySet } from "./memory-set.ts";
import { createMemoryStore } from "./memory-store.ts";

describeStore("memory", async () => {
  const data = createMemorySet();
  const set = "mem1" as SetId;
  return {
    set,
    openStore: async () => createMemoryStore({ set, region: "here", clock: systemClock, random: systemRandom, data }),
    async [Symbol.asyncDispose]() {},
  };
});
