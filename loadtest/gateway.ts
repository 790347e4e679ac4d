/**
 * The gateway bench: single-message submits over HTTP → edge → replicated queue → worker → SMPP → receipts → events →
 * PostgreSQL, all on this machine, on the platform that `npm start` runs. Phase 1 is a closed loop and finds the peak;
 * phase 2 offers half of it at a fixed arrival rate and takes the latencies. Every accepted message is reconciled; one
 * that is lost or doubled makes the bench fail.
 */
import { openBenchPlatform, planLoad } from "./bench-platform.ts";
import type { Bench, BenchOptions, BenchOutcome, Figures } from "./bench-seam.ts";
import { idleFigures, latencyFigures, ownCpuShare, peakFigures, resourceFigures } from "./gateway/figures.ts";
import { MEANINGS } from "./gateway/meanings.ts";
import { measureIdle, openRig, type PhaseResult, runPhase } from "./gateway/phase.ts";
import { profileRoles } from "./gateway/profile-roles.ts";

/** JIT, pools and caches; not counted. */
const WARM_UP_SECONDS = 5;
const IDLE_SECONDS = 3;
/** Clocks of 10 ms in some twenty processes, and a start and an end that are not read in one moment. */
const CPU_SHARE_MAX = 1.03;
/** Phase 2 offers this part of what phase 1 found end to end. */
const OFFERED_SHARE = 0.5;
const MESSAGES_MAX = 2_000_000;

export const gatewayBench: Bench = {
  description: "HTTP submits to SMPP to receipts: peak, then latency at half of it",
  defaults: { seconds: 20 },
  meanings: MEANINGS,
  run: runGateway,
};

async function runGateway(options: BenchOptions): Promise<BenchOutcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await openBenchPlatform(options, stack);
  if (options.profileDir !== undefined) await profileRoles(platform, options.profileDir);
  const rig = await openRig(platform, stack, options);
  const plan = planLoad(platform, { ...options, messagesMax: MESSAGES_MAX });
  const warmUp = await runPhase(rig, "warm-up", { ...plan, seconds: WARM_UP_SECONDS });
  const idle = await measureIdle(rig, IDLE_SECONDS);
  const peak = await runPhase(rig, "phase 1, closed loop", { ...plan, firstIndex: warmUp.load.nextIndex });
  const peakPerSecond = (peak.accepted.length * 1_000) / (peak.lastReceiptAt - peak.firstAcceptAt);
  const phases: Record<string, PhaseResult> = { "warm-up": warmUp, "phase 1": peak };
  let figures: Figures = { edge: options.edge, connections: options.connections, ...peakFigures(peak) };
  const isSound = peak.reconciliation.failures.length === 0;
  if (isSound && peakPerSecond > 0 && Number.isFinite(peakPerSecond)) {
    const perSecond = peakPerSecond * OFFERED_SHARE;
    const firstIndex = peak.load.nextIndex;
    const steady = await runPhase(rig, `phase 2, ${Math.round(perSecond)}/s`, { ...plan, firstIndex, perSecond });
    phases["phase 2"] = steady;
    figures = { ...figures, ...latencyFigures(steady, perSecond) };
  }
  figures = { ...figures, ...resourceFigures(peak, phases["phase 2"]), ...idleFigures(idle) };
  return { figures, failures: failuresOf(phases), otherLoad: peak.usage.othersCpuSeconds };
}

function failuresOf(phases: Readonly<Record<string, PhaseResult>>): readonly string[] {
  return Object.entries(phases).flatMap(([name, phase]) => {
    const { accepted, load, reconciliation } = phase;
    const share = ownCpuShare(phase);
    return [
      ...reconciliation.failures.map((failure) => `${name}: ${failure}`),
      ...(accepted.length === 0 ? [`${name}: nothing was accepted; the first answer was ${load.firstRefusal}`] : []),
      ...(share > CPU_SHARE_MAX ? [`${name}: the CPU counted is ${share} of what the machine has`] : []),
    ];
  });
}
