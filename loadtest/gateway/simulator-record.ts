/**
 * What the simulated provider got, over its control server. It keeps the last 100,000 submits and encodes them when
 * asked, which costs it time; so they are fetched rarely: before it would forget, and when a phase is over.
 */
import { indexOfNumber } from "../generator/load-message.ts";
import type { SeenSubmit } from "./reconcile.ts";

export interface SimulatorCounters {
  readonly submits: number;
  /** Acknowledged by the connector. */
  readonly receipts: number;
}

export interface SimulatorRecord {
  counters(): Promise<SimulatorCounters>;
  /** Fetches what is new if that is more than `atLeast`. */
  fetchNew(atLeast: number): Promise<void>;
  /** The load's submits since the last call. Throws when the simulator forgot some before they were fetched. */
  take(): readonly SeenSubmit[];
}

/** Half of what it keeps. */
export const FETCH_BEFORE_FORGOTTEN = 50_000;

export function createSimulatorRecord(url: string): SimulatorRecord {
  let fetched = 0;
  let seen: SeenSubmit[] = [];

  async function counters(): Promise<SimulatorCounters> {
    return (await (await fetch(`${url}/counters`)).json()) as SimulatorCounters;
  }

  function add(line: string): void {
    const submit = JSON.parse(line) as {
      readonly count: number;
      readonly at: number;
      readonly to: string;
      readonly text: string;
    };
    if (submit.count !== fetched + 1) throw new Error(`The simulator has forgotten submits ${fetched + 1} and later`);
    fetched = submit.count;
    const index = indexOfNumber(submit.to);
    if (index !== undefined) seen.push({ index, at: submit.at, text: submit.text });
  }

  return {
    counters,
    async fetchNew(atLeast) {
      if ((await counters()).submits - fetched <= atLeast) return;
      const text = await (await fetch(`${url}/submits?since=${fetched}`)).text();
      for (const line of text.split("\n")) if (line !== "") add(line);
    },
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}
