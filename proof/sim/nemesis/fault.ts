/** The faults of a run as data: a schedule is made from the seed, and may be shortened and run again. */
import type { SetId } from "#domain/ids.ts";
import type { WireFault } from "../sim-wire.ts";

/** `at`: when it begins, in milliseconds since the run began. Each ends by itself. */
export type Fault = { readonly at: number } & (
  | {
      readonly kind: "kill";
      readonly process: string;
      /** It dies in place of its n-th timer or answer from then on. */
      readonly afterDeliveries: number;
      readonly downMs: number;
    }
  | { readonly kind: "pause"; readonly process: string; readonly ms: number }
  | {
      readonly kind: "elect";
      readonly set: SetId;
      readonly how: "killed" | "stepped_down";
      readonly awayMs: number;
      readonly survives: number;
    }
  | {
      readonly kind: "isolate";
      readonly set: SetId;
      /** Processes that go on talking to the old primary. */
      readonly stays: readonly string[];
      readonly awayMs: number;
      readonly survives: number;
      readonly ms: number;
    }
  | { readonly kind: "stall"; readonly set: SetId; readonly ms: number }
  | {
      readonly kind: "wire";
      readonly process: string;
      readonly set: SetId;
      readonly fault: WireFault;
      readonly ms: number;
    }
  | { readonly kind: "jump"; readonly process: string; readonly byMs: number }
  | { readonly kind: "jump_set"; readonly set: SetId; readonly byMs: number }
  | { readonly kind: "link"; readonly process: string; readonly ms: number }
  | { readonly kind: "drain"; readonly set: SetId; readonly ms: number }
);

export type FaultKind = Fault["kind"];

/** A fault that was caused, with what it did. */
export interface AppliedFault {
  readonly fault: Fault;
  readonly happened: boolean;
  readonly detail: string;
}
