/** Every kind of fault of the simulation: a new one is a file in `faults` and a line here. */
import type { FaultKind, Hurt } from "./fault-kind.ts";
import { drain } from "./faults/drain.ts";
import { elect } from "./faults/elect.ts";
import { holdUp } from "./faults/hold-up.ts";
import { isolate } from "./faults/isolate.ts";
import { jump, jumpSet } from "./faults/jump.ts";
import { kill } from "./faults/kill.ts";
import { link } from "./faults/link.ts";
import { pause } from "./faults/pause.ts";
import { stall } from "./faults/stall.ts";
import { wire } from "./faults/wire.ts";

const kinds = [kill, elect, wire, isolate, pause, holdUp, stall, link, jump, jumpSet, drain] as const;

type FaultOf<T> = T extends FaultKind<infer K, infer D> ? { readonly at: number; readonly kind: K } & D : never;

/** `at`: when it begins, in milliseconds since the run began. Each ends by itself. */
export type Fault = FaultOf<(typeof kinds)[number]>;

/** A fault that was caused, with what it did. */
export interface AppliedFault {
  readonly fault: Fault;
  readonly happened: boolean;
  readonly detail: string;
}

/** A kind, whatever its data is. */
export type AnyFaultKind = FaultKind<Fault["kind"], object>;

export const faultKinds: readonly AnyFaultKind[] = kinds;

export function kindOf({ kind: wanted }: Fault): AnyFaultKind {
  const found = faultKinds.find(({ kind }) => kind === wanted);
  if (found === undefined) throw new RangeError(`Cannot find a fault of kind '${wanted}' in the table`);
  return found;
}

export const lastsMs = (fault: Fault): number => kindOf(fault).lastsMs(fault);
export const hurtBy = (fault: Fault): Hurt => kindOf(fault).hurts(fault);
