/** One backlog through the connector: from its start to the last settled message, with what it cost in between. */
import type { Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";
import type { BenchOptions } from "../bench-seam.ts";
import { cpuOfTree, type SystemSample, sampleSystem } from "../process-cpu.ts";
import type { Backlog, SettleStep } from "./backlog.ts";

export interface Round {
  readonly settledPerSecond: number;
  readonly connectorUs: number;
  readonly simulatorUs: number;
  readonly mongodUs: number;
  readonly eventsPerStep: number;
  /** Why it is worth nothing: a message that was lost or doubled. */
  readonly failures: readonly string[];
}

/** Start-up, caches and the last, thin claims are left out. */
const FROM_SHARE = 0.1;
const TO_SHARE = 0.9;
const LOOK_MS = 50;
const READY_MS = 60_000;

interface Mark {
  readonly submits: number;
  readonly system: SystemSample;
}

export async function runRound(run: {
  readonly platform: Platform;
  readonly backlog: Backlog;
  readonly options: BenchOptions;
}): Promise<Round> {
  const { platform, backlog, options } = run;
  const { messages, seconds, signal } = options;
  const connector = platform.roles.get("connectors");
  if (connector === undefined) throw new RangeError("Cannot run the bench as the platform has no connectors");
  await connector.stop();
  await backlog.settled();
  const ids = await backlog.put(messages);
  const submitsBefore = await submitsOf(platform);
  await connector.restart();
  await connector.waitForReady(READY_MS);
  const markAt = (share: number): Promise<Mark> =>
    until(
      `${share * 100} % of the submits`,
      seconds * 1_000,
      () => look(run, submitsBefore + messages * share),
      LOOK_MS,
    );
  const from = await markAt(FROM_SHARE);
  const to = await markAt(TO_SHARE);
  await until("an empty lane", seconds * 1_000, async () => (await backlog.waiting()) === 0 || undefined, LOOK_MS);
  signal.throwIfAborted();
  const steps = await backlog.settled();
  const submits = (await submitsOf(platform)) - submitsBefore;
  const pids = platform.sets.flatMap(({ members }) => members.flatMap(({ pid }) => pid ?? []));
  const microseconds = (roots: readonly (number | undefined)[]): number =>
    (roots.reduce((sum: number, pid) => sum + spent(from, to, pid), 0) * 1_000_000) / (to.submits - from.submits);
  return {
    settledPerSecond: middleRate(steps, messages),
    connectorUs: microseconds([connector.pid]),
    simulatorUs: microseconds([platform.roles.get("simulator")?.pid]),
    mongodUs: microseconds(pids),
    eventsPerStep: messages / steps.length,
    failures: failuresOf(steps, ids, submits),
  };
}

async function look(
  { platform, options }: { readonly platform: Platform; readonly options: BenchOptions },
  wanted: number,
): Promise<Mark | undefined> {
  options.signal.throwIfAborted();
  const submits = await submitsOf(platform);
  return submits >= wanted ? { submits, system: sampleSystem() } : undefined;
}

async function submitsOf(platform: Platform): Promise<number> {
  const answer = await fetch(`${platform.simulatorUrl}/counters`);
  const { submits } = (await answer.json()) as { readonly submits: number };
  return submits;
}

function spent(from: Mark, to: Mark, pid: number | undefined): number {
  return pid === undefined ? Number.NaN : cpuOfTree(to.system, pid) - cpuOfTree(from.system, pid);
}

/** Of the steps in which the middle eight tenths of the messages were settled. */
export function middleRate(steps: readonly SettleStep[], messages: number): number {
  const inOrder = steps.toSorted((a, b) => a.at - b.at);
  let count = 0;
  let first: { readonly at: number; readonly count: number } | undefined;
  for (const { at, messages: settled } of inOrder) {
    count += settled.length;
    if (first === undefined && count >= messages * FROM_SHARE) first = { at, count };
    if (first !== undefined && count >= messages * TO_SHARE) return ((count - first.count) * 1_000) / (at - first.at);
  }
  return Number.NaN;
}

/** Every message submitted once and settled once, and nothing else. */
export function failuresOf(steps: readonly SettleStep[], ids: ReadonlySet<string>, submits: number): readonly string[] {
  const settled = steps.flatMap(({ messages }) => messages);
  const distinct = new Set(settled);
  const lost = [...ids].filter((id) => !distinct.has(id)).length;
  return [
    ...(lost > 0 ? [`${lost} of ${ids.size} messages have no submitted event`] : []),
    ...(settled.length > distinct.size ? [`${settled.length - distinct.size} submitted events are doubles`] : []),
    ...(submits === ids.size ? [] : [`the simulator saw ${submits} submits of ${ids.size} messages`]),
  ];
}
