/**
 * One run: opens the platform, loads it, makes faults until the time is over, lets it come to rest, and leaves a folder
 * with what each vantage point saw. Bounded in time; broken off by its signal.
 */
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { createProviderControl } from "#testkit/provider-control.ts";
import type { Machine } from "../../loadtest/machine.ts";
import { type Drain, drain } from "./drain.ts";
import type { Fault } from "./faults/fault.ts";
import { type Load, openLoad } from "./load/open-load.ts";
import { type RoundResult, runRound } from "./nemesis.ts";
import { createEventWatch, type EventWatch } from "./recorder/event-watch.ts";
import { openRunFolder, type RunFolder } from "./recorder/run-folder.ts";
import { startRecording } from "./recorder/start-recording.ts";
import { scheduleRounds } from "./schedule.ts";
import { CALM_BEHAVIOUR, type ChaosStack, openStack } from "./stack/open-stack.ts";

const WATCH_EVERY_MS = 250;
/** The window of the simulated provider's link, over both connectors: so many segments a link may leave in doubt. */
const WINDOW = 250;

export interface ChaosOptions {
  readonly command: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly ratePerSecond: number;
  readonly faults: readonly Fault[];
  readonly dataDir: string;
  readonly edgeRuntime: "deno" | "bun";
  readonly machine: Machine;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ChaosRun {
  /** The folder of the history. */
  readonly dir: string;
  readonly rounds: readonly RoundResult[];
  readonly drain: Drain;
  readonly acknowledged: number;
  readonly answers: ReadonlyMap<string, number>;
  readonly doubts: number;
  /** What the recorder itself could not do: then the history has holes. */
  readonly holes: readonly string[];
}

/** `judge` is asked while the platform is still up. */
export async function runChaos<T>(
  asked: ChaosOptions,
  judge: (run: ChaosRun, stack: ChaosStack) => Promise<T>,
): Promise<T> {
  const { clock, dataDir, say, faults } = asked;
  await using running = new AsyncDisposableStack();
  for (const fault of faults) await fault.prepare?.(dataDir, running);
  const stack = running.use(await openStack(asked));
  const folder = running.use(openRunFolder(join(dataDir, "run"), clock));
  const signal = AbortSignal.any([asked.signal, folder.failed]);
  const options = { ...asked, signal };
  const watch = createEventWatch(stack.stores, () => clock.monotonic());
  const recording = startRecording({ stack, folder, watch, watchEveryMs: WATCH_EVERY_MS, clock });
  running.defer(recording.stop);
  const meta = describeRun(options, stack);
  const startedAt = folder.now();
  folder.writeMeta({ ...meta, startedAt, endedAt: null, drainedMs: null });

  const load = openLoad({ stack, folder, watch, clock, seed: options.seed, ratePerSecond: options.ratePerSecond });
  running.defer(() => load.stop());
  say(`load and faults for ${options.durationMs / 1_000} s, seed ${options.seed}`);
  const rounds = await runRounds(options, { stack, load, watch, folder });
  await load.stop();
  signal.throwIfAborted();
  say("draining");
  const drained = await drain({ platform: stack.platform, stores: stack.stores, watch, clock });
  await recording.stop();
  folder.writeMeta({ ...meta, startedAt, endedAt: folder.now(), drainedMs: drained.drainedMs ?? null });
  await folder.flush();
  const doubts = watch.count("in_doubt");
  const found = { dir: folder.dir, rounds, drain: drained, answers: load.answers, doubts, holes: recording.holes };
  return await judge({ ...found, acknowledged: watch.acknowledgedCount }, stack);
}

async function runRounds(
  options: ChaosOptions,
  parts: {
    readonly stack: ChaosStack;
    readonly load: Load;
    readonly watch: EventWatch;
    readonly folder: RunFolder;
  },
): Promise<readonly RoundResult[]> {
  const { clock, signal, say, faults } = options;
  const provider = createProviderControl(parts.stack.platform.simulatorUrl, CALM_BEHAVIOUR);
  const results: RoundResult[] = [];
  const limit = clock.monotonic() + options.durationMs;
  const names = faults.map(({ name }) => name);
  for (const round of scheduleRounds(options.seed, names)) {
    await clock.sleep(Math.min(round.quietMs, Math.max(0, limit - clock.monotonic())), signal);
    const fault = faults.find(({ name }) => name === round.fault);
    if (signal.aborted || fault === undefined || clock.monotonic() >= limit) return results;
    results.push(await runRound({ ...parts, provider, clock, say, signal }, fault, round));
  }
  return results;
}

function describeRun({ command, seed, durationMs, machine, faults, ratePerSecond }: ChaosOptions, stack: ChaosStack) {
  return {
    command,
    seed,
    durationMs,
    ratePerSecond,
    faults: faults.map(({ name }) => name),
    machine,
    commit: machine.commit,
    processes: [...stack.roles.keys(), ...stack.platform.sets.flatMap(({ members }) => members.map(() => "mongod"))],
    window: WINDOW,
    canaries: Object.fromEntries(stack.accounts.map(({ id, canary }) => [id, canary])),
  };
}
