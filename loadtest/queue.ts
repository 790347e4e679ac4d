/**
 * The queue bench: our store against the classical queue on MongoDB and against the bare floor, on the same set in the
 * same run; then the whole processing step, a backlog of millions, waking up, alerts through a backlog, and idleness.
 * Every write of every side is majority-acknowledged and journaled, the schema is production's, and every part counts
 * its messages out against those that went in: a figure from a run that lost or doubled one is worth nothing.
 */
import { cpus } from "node:os";
import type { Bench, BenchOptions, BenchOutcome, Figures } from "./bench-seam.ts";
import { acceptPart, alonePart } from "./queue/accept.ts";
import { alertPart } from "./queue/alert.ts";
import { backlogPart } from "./queue/backlog.ts";
import { batchPart } from "./queue/batch.ts";
import { bothPart } from "./queue/both.ts";
import { measureIdle } from "./queue/idle.ts";
import { MEANINGS } from "./queue/meanings.ts";
import { createOthersWatch, type OthersWatch } from "./queue/others-watch.ts";
import { receivePart } from "./queue/receive.ts";
import { openRig, type Part } from "./queue/rig.ts";
import { send512Part, sendPart } from "./queue/send.ts";
import { stepPart } from "./queue/step.ts";
import { smallStepPart, tablePart } from "./queue/step-table.ts";
import { wakePart } from "./queue/wake.ts";

const SET_PARTS: readonly Part[] = [
  sendPart,
  send512Part,
  receivePart,
  bothPart,
  batchPart,
  stepPart,
  acceptPart,
  alonePart,
  smallStepPart,
  tablePart,
  wakePart,
  alertPart,
  backlogPart,
];
/** The one part that runs on a platform instead of a set. */
const IDLE = "idle";

export const queueBench: Bench = {
  description: "the store: send, receive, steps, backlog, waking up, against the classical MongoDB queue",
  meanings: MEANINGS,
  defaults: { seconds: 3, repetitions: 5 },
  parts: [...SET_PARTS.map(({ name }) => name), IDLE],
  run: runQueue,
};

async function runQueue(options: BenchOptions): Promise<BenchOutcome> {
  const isWanted = (name: string): boolean => options.only?.includes(name) ?? true;
  const others = createOthersWatch(cpus().length);
  let figures: Figures = {};
  const failures: string[] = [];
  for (const part of SET_PARTS.filter(({ name }) => isWanted(name))) {
    figures = { ...figures, ...(await runOnSet(options, { part, others, failures })) };
  }
  if (isWanted(IDLE)) figures = { ...figures, ...(await measureIdle(options)) };
  figures = { ...figures, others_cpu_share: others.share() };
  return { figures, failures, otherLoad: others.cpuSeconds() };
}

/**
 * Each part has a set of its own: mongod keeps the files of a dropped database for five minutes
 * (minSnapshotHistoryWindowInSeconds), and with those of a hundred every message costs it a third more.
 */
async function runOnSet(
  options: BenchOptions,
  run: { readonly part: Part; readonly others: OthersWatch; readonly failures: string[] },
): Promise<Figures> {
  const { part, others, failures } = run;
  options.signal.throwIfAborted();
  const startedAt = performance.now();
  await using opened = await openRig(options, part.name);
  const { rig } = opened;
  using _watch = others.watch(rig.memberPids);
  const figures = await part.run(rig);
  failures.push(...opened.failures);
  options.say(`${part.name}: done in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return figures;
}
