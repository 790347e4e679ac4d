/** Twice the rate for half a minute, and the same before and after it (planBurstPhases). */
import { optionsOf } from "./k6-options.ts";
import { plan } from "./run-stream.ts";

export { bulk, handleSummary, probe } from "./run-stream.ts";
export const options = optionsOf(plan);
