/**
 * The seam of a fault: one file in this folder and one line in fault-table.ts. A fault proves that it happened: a run
 * in which it did not has shown nothing about it.
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import type { ProviderControl } from "#testkit/provider-control.ts";
import type { Load } from "../load/open-load.ts";
import type { EventWatch } from "../recorder/event-watch.ts";
import type { ChaosStack } from "../stack/open-stack.ts";

/** `L`: what it needs of the load; `unknown` where any load will do. */
export interface Fault<L = Load> {
  readonly name: string;
  /** Nobody can send while it lasts, by design. */
  readonly stopsAcceptance?: true;
  /** Why it cannot be caused on this machine; undefined when it can. */
  available(): string | undefined;
  /** Before anything is started. */
  prepare?(dataDir: string, undo: AsyncDisposableStack): Promise<void>;
  /**
   * Causes it on a platform that is whole, and returns what proves that it happened. It may heal it already, for a
   * proof that only then shows; the runner heals it in any case. Bounded: FAULT_MS_MAX in all.
   */
  cause(context: FaultContext<L>): Promise<Proof>;
}

export interface Proof {
  readonly happened: boolean;
  /** What was seen, with its numbers. */
  readonly evidence: string;
}

export interface FaultContext<L = Load> {
  readonly stack: ChaosStack;
  readonly load: L;
  readonly watch: EventWatch;
  readonly provider: ProviderControl;
  readonly clock: Clock;
  /** Of this round. */
  readonly random: Random;
  /** Says what was chosen, for the history. */
  detail(detail: object): void;
  /** Called before the step that it undoes; run once, the last first. It must work whatever has become of that step. */
  onHeal(undo: () => Promise<void> | void): void;
  /** Undoes all of it now. */
  heal(): Promise<void>;
}
