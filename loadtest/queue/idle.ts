/**
 * The idle platform: every role as a process of its own, two sets, one message through and its receipt back; then
 * nothing for a while. The CPU of each process is told in per cent of one core; the simulated provider is not ours and
 * not counted.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";
import { openBenchPlatform } from "../bench-platform.ts";
import type { BenchOptions, Figures } from "../bench-seam.ts";
import { startMeter } from "../gateway/resource-meter.ts";
import { createSimulatorRecord } from "../gateway/simulator-record.ts";
import { loadMessage } from "../generator/load-message.ts";

const ROLES = ["edge", "worker", "connectors", "projector", "reports"] as const;
const IDLE_SECONDS = 20;
/**
 * After the message: pools, caches and the projector come to rest, and Bun has compiled what it will. In the first ten
 * seconds a worker uses 2.3 % of a core, a third of that in the threads of the compiler; after a minute 1.2 %.
 */
const REST_MS = 50_000;
const RECEIPT_BOUND_MS = 30_000;
const PERCENT = 100;

export async function measureIdle(options: BenchOptions): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const platform = await openBenchPlatform(options, stack);
  await sendOne(platform);
  await pause(REST_MS, undefined, { signal: options.signal });
  using meter = startMeter(platform);
  await pause(IDLE_SECONDS * 1_000, undefined, { signal: options.signal });
  const { platformCpuSeconds, seconds } = meter.stop();
  const percent = Object.fromEntries(
    Object.entries(platformCpuSeconds).map(([name, cpuSeconds]) => [name, (cpuSeconds / seconds) * PERCENT]),
  );
  return {
    idle_cpu_percent: Math.max(...ROLES.map((role) => percent[role] ?? Number.NaN)),
    idle_cpu_percent_by_process: percent,
    idle_edge: options.edge,
  };
}

/** Resolves when its receipt is back. */
async function sendOne({ edgeUrl, apiKey, simulatorUrl }: Platform): Promise<void> {
  const { to, text } = loadMessage(0);
  const response = await fetch(`${edgeUrl}/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ to, from: "Godwit", text }),
  });
  if (response.status !== 202) throw new Error(`The edge answered ${response.status}: ${await response.text()}`);
  const record = createSimulatorRecord(simulatorUrl);
  const isBack = async (): Promise<true | undefined> => ((await record.counters()).receipts > 0 ? true : undefined);
  await until("the receipt of one message", RECEIPT_BOUND_MS, isBack);
}
