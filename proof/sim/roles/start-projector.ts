/** The real projector on reports in memory: it may die between any two statements, or not hear what it has done. */
import { openDirectory } from "#core/directory/open-directory.ts";
import { createProjector } from "../../../reporting/projector/projector.ts";
import type { StartRole } from "../sim-host.ts";

/** Small, so that a read ends in the middle of what there is. */
const EVENTS_PER_ROUND = 16;

export const startProjector: StartRole = (world, { process, stores, log, signal }) => {
  const { clock, random, name } = process;
  const at = { process, role: name.slice(0, name.indexOf(".")) };
  const directory = openDirectory({ stores, clock, log });
  world.onEnd(() => void directory[Symbol.asyncDispose]());
  const own = world.reports.connect(process);
  const reports = world.plant?.wrapReports?.(own, at) ?? own;
  const { stateOf } = directory;
  const projector = createProjector({ stores, reports, clock, random, log, stateOf, eventsPerRound: EVENTS_PER_ROUND });
  projector.run(signal).catch((error: unknown) => world.defects.push(`${name} ended: ${String(error)}`));
  return {};
};
