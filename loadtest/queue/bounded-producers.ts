/**
 * Producers in a closed loop that hold back while too much waits: sends and receives then run at one rate, which is
 * what a queue can carry for hours. States: running → held back ↔ running → stopped.
 */
import { startLoops } from "./loops.ts";
import type { QueueRig } from "./rig.ts";
import type { Tally } from "./tally.ts";

export interface BoundedProducers {
  /** Some messages were received: whoever was held back may go on. */
  wake(): void;
  /** Resolves when the last send is answered; rejects with the first that failed. */
  stop(): Promise<void>;
}

export function startProducers(
  rig: QueueRig,
  options: {
    readonly producers: number;
    /** Sent and not yet received. */
    readonly backlogMax: number;
    readonly tally: Tally;
    readonly send: () => Promise<void>;
  },
): BoundedProducers {
  const { producers, backlogMax, tally, send } = options;
  let stopped = false;
  let held: (() => void)[] = [];
  let underWay = 0;

  const mustWait = (): boolean => tally.sentCount + underWay - tally.receivedCount >= backlogMax;
  const wake = (): void => {
    const waiters = held;
    held = [];
    for (const waiter of waiters) waiter();
  };

  async function produce(): Promise<boolean> {
    if (mustWait()) {
      await new Promise<void>((resolve) => held.push(resolve));
    } else {
      underWay++;
      await send().finally(() => underWay--);
    }
    return !stopped;
  }
  const running = startLoops(producers, produce, rig.signal);

  return {
    wake,
    async stop() {
      stopped = true;
      wake();
      await running.stop();
    },
  };
}
