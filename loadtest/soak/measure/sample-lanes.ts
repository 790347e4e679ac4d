/**
 * What waits on each lane of each set, and since when: from the store itself. No role says it in its metrics, as it is
 * a look at the whole queue and every process would do the same one.
 */
import type { LaneDepth, Store } from "#core/store/store.ts";
import type { SampleSource, SampleValues } from "./sample-source.ts";

const BYTES_MAX = 8_192;
/** The look reads every waiting chunk: with a hundred thousand messages waiting, some hundred of them. */
const EVERY = 2;
/** Of one set; customers' own lanes are as many as there are customers, and are counted together. */
const LANES_MAX = 32;

/**
 * Figures: `SET.items|oldestMs` over all lanes and `SET.LANE.items|oldestMs`, only of lanes that hold something;
 * `SET.up`, 0 where the set does not answer. The stores are not disposed.
 */
export function createLanesSource(stores: readonly Store[]): SampleSource {
  return {
    name: "lanes",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const parts = await Promise.all(
        stores.map((store) =>
          store.depth().then(
            (depth) => ({ [`${store.set}.up`]: 1, ...describeDepth(store.set, depth) }),
            () => ({ [`${store.set}.up`]: 0 }),
          ),
        ),
      );
      return Object.assign({}, ...parts) as SampleValues;
    },
  };
}

/** Pure; beyond LANES_MAX, and for all lanes of customers, one row `SET.deliver` or `SET.others`. */
export function describeDepth(set: string, depth: ReadonlyMap<string, LaneDepth>): SampleValues {
  const rows = new Map<string, { items: number; oldestMs: number }>();
  const add = (name: string, { items, oldestMs }: LaneDepth): void => {
    const row = rows.get(name) ?? { items: 0, oldestMs: 0 };
    rows.set(name, { items: row.items + items, oldestMs: Math.max(row.oldestMs, oldestMs) });
  };
  for (const [lane, one] of depth) {
    const name = lane.startsWith("deliver.") ? "deliver" : lane;
    add(set, one);
    add(rows.has(`${set}.${name}`) || rows.size <= LANES_MAX ? `${set}.${name}` : `${set}.others`, one);
  }
  if (!rows.has(set)) rows.set(set, { items: 0, oldestMs: 0 });
  const figures = [...rows].flatMap(([name, { items, oldestMs }]) => [
    [`${name}.items`, items] as const,
    [`${name}.oldestMs`, oldestMs] as const,
  ]);
  return Object.fromEntries(figures);
}
