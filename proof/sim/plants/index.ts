/** Every planted bug and the checks that see it. A new one is a file and a line here. */
import type { Plant } from "../plant.ts";
import { acknowledgeEarly } from "./acknowledge-early.ts";
import { chargeTwice } from "./charge-twice.ts";
import { dropMessages } from "./drop-messages.ts";
import { forgetOptOuts } from "./forget-opt-outs.ts";
import { inventRefusals } from "./invent-refusals.ts";
import { skipNumber } from "./skip-number.ts";
import { skipToken } from "./skip-token.ts";
import { submitBeyondMark } from "./submit-beyond-mark.ts";

export interface PlantedBug {
  readonly plant: Plant;
  /** Every check that turns red, over all seeds, and no other. */
  readonly seenBy: readonly string[];
  /** Where it takes more to be seen than the usual number. */
  readonly seeds?: number;
}

export const plants: readonly PlantedBug[] = [
  { plant: dropMessages, seenBy: ["nothing-lost"] },
  // What is rolled back takes its key and its batch with it, and reporting stops before the gap.
  {
    plant: acknowledgeEarly,
    seenBy: ["nothing-lost", "one-key-one-message", "append-only", "reports-equal-fold"],
    seeds: 60,
  },
  // Two workers' steps on one chunk: all that the step does is done twice.
  { plant: skipToken, seenBy: ["billed-once", "no-silent-double", "step-atomicity"], seeds: 60 },
  { plant: chargeTwice, seenBy: ["billed-once"] },
  // Reporting stops before a gap, as it must never read past one. Each run waits for it until time is up.
  { plant: skipNumber, seenBy: ["append-only", "reports-equal-fold"], seeds: 3 },
  { plant: submitBeyondMark, seenBy: ["no-silent-double"] },
  { plant: inventRefusals, seenBy: ["outcomes-have-causes"] },
  { plant: forgetOptOuts, seenBy: ["opt-out-wins"] },
];
