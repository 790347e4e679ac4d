/** The nightly run, of minutes or hours, by its plan (planSoakPhases). */
import { optionsOf } from "./k6-options.ts";
import { plan } from "./run-stream.ts";

export { bulk, handleSummary, probe } from "./run-stream.ts";
export const options = optionsOf(plan);
