/** From what the phases saw to the figures that are told; the definitions are in meanings.ts. Pure. */
import { cpus } from "node:os";
import type { Figures } from "../bench-seam.ts";
import { spreadOf } from "../percentile.ts";
import type { PhaseResult } from "./phase.ts";
import type { ByProcess, Usage } from "./resource-meter.ts";

/** Of the load's time, the part in which its rate is called steady. */
const STEADY = { from: 0.25, to: 0.75 };

export function peakFigures(phase: PhaseResult): Figures {
  const { accepted, load, firstAcceptAt, lastReceiptAt, projectedAfterSeconds } = phase;
  const seconds = (load.endedAt - load.startedAt) / 1_000;
  const inTime = accepted.filter(({ answeredAt }) => answeredAt <= load.endedAt).length;
  return {
    accepted_per_s: inTime / seconds,
    end_to_end_per_s: (completedOf(phase) * 1_000) / (lastReceiptAt - firstAcceptAt),
    steady_per_s: steadyPerSecond(phase),
    messages: accepted.length,
    drain_s: Math.max(0, (lastReceiptAt - load.endedAt) / 1_000),
    projected_after_s: projectedAfterSeconds ?? "never",
    answers: load.statuses,
    unanswered: load.unanswered,
  };
}

export function latencyFigures(phase: PhaseResult, perSecond: number): Figures {
  const { accepted, load, tallies, reconciliation } = phase;
  const accept = spreadOf(accepted.map(({ dueAt, answeredAt }) => answeredAt - dueAt));
  const submit = spreadOf(
    accepted.flatMap(({ index, answeredAt }) => {
      const at = reconciliation.submitAt.get(index);
      return at === undefined ? [] : [at - answeredAt];
    }),
  );
  const receipt = spreadOf(
    accepted.flatMap(({ id, dueAt }) => {
      const at = tallies.get(id)?.receiptAt;
      return at === undefined || at === 0 ? [] : [at - dueAt];
    }),
  );
  return {
    offered_per_s: perSecond,
    offered_late: load.late,
    offered_unsent: load.unsent,
    offered_refused: load.sent - accepted.length,
    accept_p50_ms: accept?.p50 ?? "none",
    accept_p99_ms: accept?.p99 ?? "none",
    submit_p50_ms: submit?.p50 ?? "none",
    submit_p99_ms: submit?.p99 ?? "none",
    receipt_p50_ms: receipt?.p50 ?? "none",
    receipt_p99_ms: receipt?.p99 ?? "none",
  };
}

export function resourceFigures(peak: PhaseResult, offered: PhaseResult | undefined): Figures {
  const { usage, load } = peak;
  const perThousand = 1_000 / peak.accepted.length;
  const offeredByProcess = offered && scaled(offered.usage.platformCpuSeconds, 1_000 / offered.accepted.length);
  const share = 1 / (usage.seconds * cpus().length);
  const platformSeconds = sum(usage.platformCpuSeconds);
  return {
    cpu_s_per_1000: platformSeconds * perThousand,
    cpu_s_per_1000_by_process: scaled(usage.platformCpuSeconds, perThousand),
    ...(offeredByProcess && {
      cpu_s_per_1000_offered: sum(offeredByProcess),
      cpu_s_per_1000_offered_by_process: offeredByProcess,
    }),
    steps_per_1000: scaled(peak.steps, perThousand),
    ...(offered && { steps_per_1000_offered: scaled(offered.steps, 1_000 / offered.accepted.length) }),
    cpu_s_per_1000_beside: {
      simulator: usage.simulatorCpuSeconds * perThousand,
      generator: load.cpuSeconds * perThousand,
      harness: usage.harnessCpuSeconds * perThousand,
    },
    cpu_share: {
      platform: platformSeconds * share,
      simulator: usage.simulatorCpuSeconds * share,
      generator: load.cpuSeconds * share,
      harness: usage.harnessCpuSeconds * share,
      others: Math.max(0, usage.machineCpuSeconds * share - ownCpuShare(peak)),
    },
    rss_mb: usage.rssMegabytes,
  };
}

/** CPU seconds a second with nothing to do. */
export function idleFigures({ platformCpuSeconds, seconds }: Usage): Figures {
  return { idle_cpu_s_per_s: sum(platformCpuSeconds) / seconds };
}

/** Of all cores; more than 1 means that something was counted twice. */
export function ownCpuShare({ usage, load }: PhaseResult): number {
  const { platformCpuSeconds, simulatorCpuSeconds, harnessCpuSeconds, seconds } = usage;
  const own = sum(platformCpuSeconds) + simulatorCpuSeconds + harnessCpuSeconds + load.cpuSeconds;
  return own / (seconds * cpus().length);
}

function completedOf({ accepted, tallies }: PhaseResult): number {
  return accepted.filter(({ id }) => {
    const tally = tallies.get(id);
    return tally !== undefined && tally.submits > 0 && tally.receipts > 0;
  }).length;
}

function steadyPerSecond({ accepted, tallies, load }: PhaseResult): number {
  const at = (share: number): number => load.startedAt + share * (load.endedAt - load.startedAt);
  const [from, to] = [at(STEADY.from), at(STEADY.to)];
  const within = accepted.filter(({ id }) => {
    const receiptAt = tallies.get(id)?.receiptAt ?? 0;
    return receiptAt >= from && receiptAt < to;
  });
  return (within.length * 1_000) / (to - from);
}

function sum(values: ByProcess): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}

function scaled(values: ByProcess, factor: number): ByProcess {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * factor]));
}
