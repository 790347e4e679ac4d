/** A share of a batch of seeds, as a process of its own: `main.ts <from> <count> [plant]`. Tells its parent by IPC. */
import { plants } from "../plants/index.ts";
import { type FailedSeed, runSeeds } from "../run-seeds.ts";
import type { Sometimes } from "../sometimes.ts";

export type ShareSays =
  | { readonly type: "ran"; readonly seed: number; readonly finding: string | undefined }
  | {
      readonly type: "done";
      readonly failed: readonly FailedSeed[];
      readonly reached: readonly (readonly [Sometimes, number])[];
    };

const [from, count, plantName] = process.argv.slice(2);
const planted = plants.find(({ plant }) => plant.name === plantName);
const say = (what: ShareSays): void => void process.send?.(what);

// Nobody waits for it any more.
process.once("disconnect", () => process.exit());

const { failed, reached } = await runSeeds({
  from: Number(from),
  count: Number(count),
  ...(planted && { plant: planted.plant }),
  onRun({ seed, findings: [first] }) {
    say({ type: "ran", seed, finding: first && `${first.check}: ${first.what}` });
  },
});
say({ type: "done", failed, reached: [...reached] });
process.disconnect?.();
