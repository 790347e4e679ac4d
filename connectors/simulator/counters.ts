/** What the simulator counts, for all and for each account, and how monitoring reads it. */

/** Since the start. `receipts` and `replies` count acknowledged deliver_sm; `submits` all submit_sm that came in. */
export interface Counters {
  submits: number;
  accepted: number;
  refused: number;
  unanswered: number;
  receipts: number;
  replies: number;
  binds: number;
  refusedBinds: number;
  /** Links that the simulator cut. */
  droppedLinks: number;
  halfOpenLinks: number;
  /** Links to which the simulator said unbind. */
  unbinds: number;
}

const WHAT: Readonly<Record<keyof Counters, string>> = {
  submits: "submit_sm that came in",
  accepted: "submit_sm answered with status 0",
  refused: "submit_sm answered with another status",
  unanswered: "submit_sm taken and not answered",
  receipts: "Receipts that were acknowledged",
  replies: "Handsets' messages that were acknowledged",
  binds: "Binds that were granted",
  refusedBinds: "Binds that were refused",
  droppedLinks: "Links that the simulator cut",
  halfOpenLinks: "Links that went half-open",
  unbinds: "Links to which the simulator said unbind",
};

export function createCounters(): Counters {
  return {
    submits: 0,
    accepted: 0,
    refused: 0,
    unanswered: 0,
    receipts: 0,
    replies: 0,
    binds: 0,
    refusedBinds: 0,
    droppedLinks: 0,
    halfOpenLinks: 0,
    unbinds: 0,
  };
}

/** Prometheus' text format: a counter of each kind by account, and what stands now. */
export function metricsText(
  accounts: Iterable<{ readonly systemId: string; readonly counters: Counters }>,
  now: Readonly<Record<"links" | "waiting" | "delayed", number>>,
): string {
  const rows = [...accounts];
  const lines: string[] = [];
  for (const [key, what] of Object.entries(WHAT) as [keyof Counters, string][]) {
    const name = `godwit_simulator_${snake(key)}_total`;
    lines.push(`# HELP ${name} ${what}.`, `# TYPE ${name} counter`);
    for (const { systemId, counters } of rows) {
      lines.push(`${name}{system_id="${escapeLabel(systemId)}"} ${counters[key]}`);
    }
  }
  for (const [key, value] of Object.entries(now)) {
    lines.push(`# TYPE godwit_simulator_${key} gauge`, `godwit_simulator_${key} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
