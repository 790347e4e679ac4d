/**
 * The load of a soak on a platform that is up: k6, everything that is measured and recorded meanwhile, and the faults
 * in their window. starting → loaded → drained. What it leaves is in the folder of the run.
 */
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { createProviderControl } from "#testkit/provider-control.ts";
import { type Drain, drain } from "../../../proof/chaos/drain.ts";
import { openRunFolder, type RunFolder } from "../../../proof/chaos/recorder/run-folder.ts";
import { startRecording } from "../../../proof/chaos/recorder/start-recording.ts";
import { CALM_BEHAVIOUR } from "../../../proof/chaos/stack/open-stack.ts";
import type { Machine } from "../../machine.ts";
import { followLog } from "../follow-log.ts";
import { type ClientHistory, writeClientHistory } from "../k6/client-history.ts";
import { type K6End, type RunningK6, startK6 } from "../k6/start-k6.ts";
import type { LoadPlan } from "../load-plan.ts";
import { makeFaults } from "../make-faults.ts";
import { keepCommitTimes } from "../measure/projection-lag.ts";
import type { SampleNote } from "../measure/sampler.ts";
import type { LoadPhase } from "../plan-phases.ts";
import type { Band, FaultBand } from "../report/soak-report.ts";
import type { SoakStack } from "../stack/open-soak-stack.ts";
import { findLoadStart } from "./find-load-start.ts";
import { openSampling } from "./open-sampling.ts";

/** The faults and the drain ask no more often, and each look is a read of all logs. */
const WATCH_EVERY_MS = 1_000;
/** Of the link to the simulated provider, over both connectors. */
const WINDOW = 250;

export interface LoadRun {
  /** The folder of the history. */
  readonly dir: string;
  readonly k6: K6End;
  readonly k6Version: string;
  /** Milliseconds since the epoch; undefined when k6 ended before its first request. */
  readonly startedAt: number | undefined;
  /** As planned, with what was not planned at the end: drained or not. */
  readonly phases: readonly Band[];
  readonly faults: readonly FaultBand[];
  readonly history: ClientHistory;
  readonly drain: Drain;
  readonly sampleFiles: ReadonlyMap<string, string>;
  readonly sampleNotes: readonly SampleNote[];
  /** What the recorder itself could not do. */
  readonly holes: readonly string[];
}

export interface LoadRunOptions {
  readonly stack: SoakStack;
  readonly plan: LoadPlan;
  readonly command: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Throws the reason of `signal`; what was recorded until then stays. */
export async function runLoad(asked: LoadRunOptions): Promise<LoadRun> {
  const { stack, plan, clock, say } = asked;
  await using running = new AsyncDisposableStack();
  await keepCommitTimes(stack.platform.postgres);
  const folder = running.use(openRunFolder(join(stack.dataDir, "run"), clock));
  const signal = AbortSignal.any([asked.signal, folder.failed]);
  const options = { ...asked, signal };
  const watch = followLog(stack.stores, () => clock.monotonic());
  const recording = startRecording({ stack, folder, watch, watchEveryMs: WATCH_EVERY_MS, clock });
  running.defer(recording.stop);
  const meta = describeRun(options);
  const recordedFrom = folder.now();
  folder.writeMeta({ ...meta, startedAt: recordedFrom, endedAt: null, drainedMs: null });

  let k6: RunningK6 | undefined;
  const generators = (): ReadonlyMap<string, number> => (k6 === undefined ? new Map() : new Map([["k6", k6.pid]]));
  const sampling = { stack, folder: join(folder.dir, "samples"), clock, durationMs: endOf(plan.phases) };
  const sampler = running.use(await openSampling({ ...sampling, others: generators }));
  signal.throwIfAborted();
  const started = await startK6({ script: "soak", plan, dir: folder.dir, onProgress: say });
  k6 = started;
  running.defer(() => started.kill());
  const ended = new AbortController();
  signal.addEventListener("abort", () => started.stop(), { once: true });
  // A signal that was aborted while k6 started tells nobody: hours of load would go on.
  if (signal.aborted) started.stop();
  const end = started.end.finally(() => ended.abort());
  const startedAt = await findLoadStart(plan, started.rawFile, {
    clock,
    signal: AbortSignal.any([ended.signal, signal]),
  });
  say(startedAt === undefined ? "k6 sent nothing" : `k6 ${started.version} loads, ${describePhases(plan.phases)}`);
  const [k6End, faults] = await Promise.all([
    end,
    startedAt === undefined ? [] : faultsAt(options, { folder, watch, startedAt, ended: ended.signal }),
  ]);
  signal.throwIfAborted();
  say(`${k6End.words}; draining`);
  const drained = await drain({ platform: stack.platform, stores: stack.stores, watch, clock });
  await recording.stop();
  const sampleNotes = await sampler.stop();
  folder.writeMeta({ ...meta, startedAt: recordedFrom, endedAt: folder.now(), drainedMs: drained.drainedMs ?? null });
  await folder.flush();
  const history = await writeClientHistory(plan, { raw: started.rawFile, client: join(folder.dir, "client.jsonl") });
  return {
    ...{ dir: folder.dir, k6: k6End, k6Version: started.version, startedAt, faults, history, drain: drained },
    phases: bandsOf(plan.phases, startedAt ?? recordedFrom, clock.now()),
    ...{ sampleFiles: sampler.files, sampleNotes, holes: recording.holes },
  };
}

/** Waits for the window, and makes what fits into it. */
async function faultsAt(
  { plan, stack, clock, say, signal }: LoadRunOptions,
  at: {
    readonly folder: RunFolder;
    readonly watch: ReturnType<typeof followLog>;
    readonly startedAt: number;
    readonly ended: AbortSignal;
  },
): Promise<readonly FaultBand[]> {
  const phase = plan.phases.find(({ kind }) => kind === "fault");
  if (phase === undefined) return [];
  const stopping = AbortSignal.any([signal, at.ended]);
  await clock.sleep(Math.max(0, at.startedAt + phase.startMs - clock.now()), stopping);
  const provider = createProviderControl(stack.platform.simulatorUrl, CALM_BEHAVIOUR);
  const { folder, watch } = at;
  return makeFaults(
    { stack, watch, provider, folder, clock, say, signal: stopping },
    { until: clock.monotonic() + phase.durationMs, seed: plan.seed },
  );
}

function endOf(phases: readonly LoadPhase[]): number {
  return Math.max(...phases.map(({ startMs, durationMs }) => startMs + durationMs));
}

/** The drain lasts as long as it took, not as planned. */
function bandsOf(phases: readonly LoadPhase[], startedAt: number, endedAt: number): readonly Band[] {
  return phases.map(({ name, kind, startMs, durationMs }) => {
    const from = startedAt + startMs;
    return { name, from, to: kind === "drain" ? Math.max(from, endedAt) : from + durationMs };
  });
}

function describePhases(phases: readonly LoadPhase[]): string {
  return phases
    .map(({ name, durationMs, messagesPerSecond }) => `${name} ${durationMs / 1_000} s at ${messagesPerSecond}/s`)
    .join(", ");
}

function describeRun({ command, plan, machine, stack }: LoadRunOptions) {
  const mongods = stack.platform.sets.flatMap(({ members }) => members.map(() => "mongod"));
  return {
    command,
    seed: plan.seed,
    durationMs: endOf(plan.phases),
    machine,
    commit: machine.commit,
    processes: [...stack.roles.keys(), ...mongods],
    window: WINDOW,
    canaries: Object.fromEntries(stack.accounts.map(({ id, canary }) => [id, canary])),
  };
}
