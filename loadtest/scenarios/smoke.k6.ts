/** One minute at a steady rate: whether anything works at all (planSmokePhases). */
import { optionsOf } from "./k6-options.ts";
import { plan } from "./run-stream.ts";

export { bulk, handleSummary, probe } from "./run-stream.ts";
export const options = optionsOf(plan);
