/**
 * Stairs up to the knee (planRampPhases): the first step that does not hold its thresholds ends the run, as the steps
 * past it would only measure its backlog. So it is expected to end with k6's exit code 99; find-knee.ts reads the knee
 * from its summary.
 */
import { abortOnFailure, optionsOf } from "./k6-options.ts";
import { plan } from "./run-stream.ts";

export { bulk, handleSummary, probe } from "./run-stream.ts";
export const options = abortOnFailure(optionsOf(plan));
