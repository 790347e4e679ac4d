// Every planted bug turns exactly its checks red, and none of them while nothing is planted.

import { expect, test } from "bun:test";
import { plants } from "./plants/index.ts";
import { runSeeds } from "./run-seeds.ts";

const SEEDS = 20;
const LIMIT_MS = 300_000;

for (const { plant, seenBy, rarely = [], seeds = SEEDS } of plants) {
  test(
    `${plant.name} is seen by ${seenBy.join(" and ")}, and by nothing else`,
    async () => {
      const { failed } = await runSeeds({ from: 1, count: seeds, plant });
      const red = new Set(failed.flatMap(({ findings }) => findings.map(({ check }) => check)));
      expect([...red].filter((check) => !rarely.includes(check)).toSorted()).toEqual([...seenBy].toSorted());
    },
    LIMIT_MS,
  );
}
