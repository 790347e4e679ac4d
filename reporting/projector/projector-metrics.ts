/** What the projector tells Prometheus. Plain numbers a set; the text is made when it is asked for. */
import type { SetId } from "#domain/ids.ts";

export interface SetMetrics {
  batches: number;
  events: number;
  messages: number;
  failures: number;
  /** Time spent in transactions that committed. */
  writeMs: number;
  /** Batches in hand and not yet written; as many as a read holds means that more are waiting. */
  lagBatches: number;
  /** Age of the oldest batch in hand, by this process's clock; 0 when the last read found nothing. */
  lagMs: number;
  /** When the last round ended well, milliseconds since the epoch: a projector with nothing to do is alive. */
  lastRoundAt: number;
}

export function emptySetMetrics(): SetMetrics {
  return { batches: 0, events: 0, messages: 0, failures: 0, writeMs: 0, lagBatches: 0, lagMs: 0, lastRoundAt: 0 };
}

type Row = readonly [name: string, type: "counter" | "gauge", help: string, value: (of: SetMetrics) => number];

const rows: readonly Row[] = [
  ["godwit_project_batches_total", "counter", "Event batches written", (of) => of.batches],
  ["godwit_project_events_total", "counter", "Events written", (of) => of.events],
  ["godwit_project_message_changes_total", "counter", "Messages changed by them", (of) => of.messages],
  ["godwit_project_failures_total", "counter", "Rounds that failed", (of) => of.failures],
  ["godwit_project_write_seconds_total", "counter", "Time in transactions", (of) => of.writeMs / 1000],
  ["godwit_project_lag_batches", "gauge", "Batches read and not yet written", (of) => of.lagBatches],
  ["godwit_project_lag_seconds", "gauge", "Age of the oldest of them", (of) => of.lagMs / 1000],
  ["godwit_project_last_round_seconds", "gauge", "Unix time of the last good round", (of) => of.lastRoundAt / 1000],
];

export function renderMetrics(sets: ReadonlyMap<SetId, SetMetrics>): string {
  const blocks = rows.map(([name, type, help, value]) => {
    const lines = [...sets].map(([set, metrics]) => `${name}{set="${set}"} ${value(metrics)}`);
    return [`# HELP ${name} ${help}.`, `# TYPE ${name} ${type}`, ...lines].join("\n");
  });
  return `${blocks.join("\n")}\n`;
}
