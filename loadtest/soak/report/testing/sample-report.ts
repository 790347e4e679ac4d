/** A report as a run of four hours makes it: a load with noise, a burst, six faults one of which did not happen. */
import type { GatedNumbers, SoakRecord } from "../../soak-record.ts";
import type { Band, FaultBand, GateResult, Series, SoakReport } from "../soak-report.ts";

const START = Date.UTC(2026, 10, 23, 2, 0);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1_440 * MINUTE_MS;
const DURATION_MS = 240 * MINUTE_MS;
const SAMPLE_MS = 5 * SECOND_MS;
const NIGHTS = 14;
const FINGERPRINT = "2×EPYC 7B13 24GiB linux-6.1 bun-1.4.0 deno-2.5.1 mongod-6.0.20 postgres-18.1 k6-2.2.0";

const sampleNumbers: GatedNumbers = {
  ratePerSecond: 611.4,
  endToEndP50Ms: 148.2,
  endToEndP95Ms: 402.7,
  endToEndP99Ms: 912.3,
  handlingMs: 11.6,
  cpuSecondsPerThousand: 1.873,
  failures: 0,
  peakHeapMb: 96.4,
  projectionLagP95Ms: 387.1,
};

/** Between -1 and 1, the same each time: a sample has to be one. */
function noise(i: number): number {
  return Math.sin(i * 12.9898) * 0.6 + Math.sin(i * 4.1414) * 0.4;
}

const phases: readonly Band[] = [
  ["warm-up", 0, 10],
  ["steady", 10, 190],
  ["burst", 190, 210],
  ["faults", 210, 230],
  ["drain", 230, 240],
].map(([name, from, to]) => ({ name: String(name), ...minutes(Number(from), Number(to)) }));

const faults: readonly FaultBand[] = [
  fault("primary killed", 211, 212.2, true, "set a: n1 was primary until 02:02, n3 has been since; 1 election"),
  fault("worker killed", 214, 214.6, true, "worker 2, pid 41822, ended by signal 9; leases of 3 chunks lost"),
  fault("connector killed", 217, 217.5, true, "connector 1, pid 41830, ended by signal 9; 4 binds gone"),
  fault("link broken", 220, 221, true, "acme-1: 2 binds closed by the simulator, 61 segments in doubt"),
  fault("link throttled", 221.2, 223, false, "the simulator answered no submit_sm with ESME_RTHROTTLED"),
  fault("primary paused", 225, 225.8, true, "set b: n2 stopped for 48 s; 1 election"),
];

function minutes(from: number, to: number): { readonly from: number; readonly to: number } {
  return { from: START + from * MINUTE_MS, to: START + to * MINUTE_MS };
}

function fault(name: string, from: number, to: number, happened: boolean, evidence: string): FaultBand {
  return { name, ...minutes(from, to), happened, evidence };
}

function series(name: string, unit: string, valueAt: (minute: number, i: number) => number): Series {
  const points = Array.from({ length: DURATION_MS / SAMPLE_MS }, (_, i) => {
    return [START + i * SAMPLE_MS, valueAt((i * SAMPLE_MS) / MINUTE_MS, i)] as const;
  });
  return { name, unit, points };
}

function loadAt(minute: number): number {
  if (minute < 10) return 61 * minute;
  if (minute >= 230) return 0;
  return minute >= 190 && minute < 210 ? 1_220 : 610;
}

/** How many times slower, for the faults. */
function trouble(minute: number): number {
  const broken = faults.some(({ from, to }) => {
    const at = START + minute * MINUTE_MS;
    return at >= from && at <= to + 0.5 * MINUTE_MS;
  });
  return broken ? 14 : minute >= 190 && minute < 211 ? 1.8 : 1;
}

const measured: readonly Series[] = [
  series("offered", "messages/s", loadAt),
  series("accepted", "messages/s", (minute, i) => Math.max(0, loadAt(minute) * (1 + 0.03 * noise(i)))),
  series("final", "messages/s", (minute, i) => {
    return Math.max(0, (loadAt(minute - 0.2) / Math.min(3, trouble(minute))) * (1 + 0.07 * noise(i + 3)));
  }),
  series("p50", "ms", (minute, i) => 148 * trouble(minute) * (1 + 0.08 * noise(i))),
  series("p95", "ms", (minute, i) => 402 * trouble(minute) * (1 + 0.12 * noise(i + 1))),
  series("p99", "ms", (minute, i) => 905 * trouble(minute) * (1 + 0.2 * noise(i + 2))),
  series("inbox", "items waiting", (minute, i) => Math.round(70 * trouble(minute) ** 2 * (1 + 0.5 * noise(i)))),
  series("submit", "items waiting", (minute, i) => Math.round(240 * trouble(minute) ** 2 * (1 + 0.3 * noise(i + 5)))),
];

function history(value: number, spread: number): readonly number[] {
  return Array.from({ length: NIGHTS }, (_, i) => value * (1 + spread * noise(i)));
}

function gate(name: string, unit: string, value: number, spread: number, limit: number): GateResult {
  const before = history(value * 0.99, spread);
  const median = before.toSorted((a, b) => a - b)[NIGHTS / 2] ?? value;
  return { name, unit, value, yesterday: before.at(-1) ?? value, median, limit, outcome: "ok", history: before };
}

const n = sampleNumbers;
const gates: readonly GateResult[] = [
  gate("rate at the fixed load", "messages/s", n.ratePerSecond, 0.004, 580),
  gate("end to end p50", "ms", n.endToEndP50Ms, 0.05, 178),
  gate("end to end p95", "ms", n.endToEndP95Ms, 0.06, 443),
  { ...gate("end to end p99", "ms", n.endToEndP99Ms, 0.05, 1_049), value: 1_204, outcome: "regressed" },
  gate("CPU per 1,000 messages", "s", n.cpuSecondsPerThousand, 0.02, 1.966),
  gate("failures", "", n.failures, 0, 0),
  gate("peak heap", "MB", n.peakHeapMb, 0.03, 121),
  gate("projection lag p95", "ms", n.projectionLagP95Ms, 0.08, 500),
];

export const sampleRecord: SoakRecord = {
  startedAt: START,
  durationMs: DURATION_MS,
  commit: "e54c7d9",
  fingerprint: FINGERPRINT,
  offeredPerSecond: 610,
  numbers: { ...sampleNumbers, endToEndP99Ms: 1_204 },
  before: { cpuLoopMs: 201.4, fsyncMs: 1.12, loopbackMs: 0.041 },
  after: { cpuLoopMs: 203.9, fsyncMs: 1.16, loopbackMs: 0.042 },
  verdict: {
    name: "regressed",
    because: "end to end p99 is 1,204 ms, 33 % above the median of 14 good runs; the paired rerun said the same.",
  },
};

export const sampleReport: SoakReport = {
  command: "npm run soak -- --duration 4h",
  record: sampleRecord,
  machine: {
    cpu: "AMD EPYC 7B13",
    cores: 2,
    memory_gb: 24,
    kernel: "6.1.0-28-amd64",
    bun: "1.4.0",
    deno: "2.5.1",
    node: "v24.11.0",
    mongod: "6.0.20",
    postgres: "18.1",
    loadavg_at_start: [0.31, 0.4, 0.52],
    date: "2026-11-23T02:00:00.000Z",
    commit: "e54c7d9",
  },
  gates,
  invariants: [
    { invariant: "I1", name: "nothing acknowledged is lost", verdict: "valid", counted: 0 },
    { invariant: "I3", name: "billed once", verdict: "valid", counted: 0 },
    { invariant: "I4", name: "a writer's sequence has no gaps", verdict: "valid", counted: 0 },
    { invariant: "I6", name: "reports equal the fold", verdict: "valid", counted: 0 },
    { invariant: "I7", name: "a double submit is never silent", verdict: "valid", counted: 0 },
    { invariant: "I12", name: "opt-out wins", verdict: "unknown", counted: 0 },
  ],
  phases,
  faults,
  series: measured,
  slopes: [
    { what: "live heap of worker 1", percentPerHour: 0.2, interval: [-0.4, 0.9], verdict: "flat" },
    { what: "RSS of edge (Bun)", percentPerHour: 3.1, interval: [2.2, 4], hoursToLimit: 61, verdict: "lazy" },
    { what: "file descriptors of connector 1", percentPerHour: 0, interval: [0, 0], verdict: "flat" },
    { what: "index bytes a message, set a", percentPerHour: -0.6, interval: [-1.4, 0.3], verdict: "flat" },
  ],
  notes: ["No opt-out was sent in this run, so I12 was not put to the test.", "The link was never throttled: fault 5."],
};

/** Of `nights` nights, the oldest first, some of them not good; the newest is `sampleRecord`. */
export function sampleHistory(nights: number): readonly SoakRecord[] {
  return Array.from({ length: nights }, (_, i): SoakRecord => {
    const ago = nights - 1 - i;
    if (ago === 0) return sampleRecord;
    const numbers = Object.entries(sampleNumbers).map(([name, value]) => [name, value * (1 + 0.04 * noise(i))]);
    return {
      ...sampleRecord,
      startedAt: START - ago * DAY_MS,
      commit: (0x1234567 + i * 7_919).toString(16),
      numbers: { ...sampleNumbers, ...Object.fromEntries(numbers) },
      verdict: i % 17 === 5 ? { name: "noisy", because: "the disk took 9 % longer at the end." } : OK,
    };
  });
}

const OK = { name: "ok", because: "all eight numbers are within their limits and every invariant holds." } as const;
