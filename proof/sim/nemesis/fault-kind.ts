/**
 * What a kind of fault is: how one is planned, how it is caused, and what it excuses. A fault itself is data, `{ at,
 * kind, … }`: a schedule of them is printed, shortened and run again.
 */
import type { SetId } from "#domain/ids.ts";
import type { Random } from "#domain/random.ts";
import type { SimHost } from "../sim-host.ts";
import type { SimSet, World } from "../world.ts";

/** What faults may happen to. */
export interface FaultTargets {
  readonly processes: readonly string[];
  readonly connectors: readonly string[];
  readonly sets: readonly SetId[];
}

/** Whom the checks excuse, and from what, as none of them names a kind: while it lasts, and for a while after. */
export interface Hurt {
  /** This process is late with whatever it does. */
  readonly process?: string;
  /** Everybody is late with what he does on this set. */
  readonly set?: SetId;
  /** This process is late with what it does on this set, and with nothing else. */
  readonly way?: { readonly process: string; readonly set: SetId };
  /** A process that stands still meanwhile does not hear of it, and what it does on the set at first is late too. */
  readonly unheard?: true;
  /** Some may read on the set what a majority had, and has no more. */
  readonly isStale?: boolean;
  /** A lease that the set gave before may end early there, which its holder cannot know. */
  readonly endsLeases?: boolean;
}

/** `D`: what one needs to be caused again, as JSON. */
export interface FaultKind<K extends string, D extends object> {
  readonly kind: K;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  plan(random: Random, targets: FaultTargets): D;
  /** Begins it, and sees to its end. Says what it did; undefined: there was nothing to do it to. */
  cause(world: World, fault: D): string | undefined;
  /** Until it has ended by itself, in milliseconds. */
  lastsMs(fault: D): number;
  hurts(fault: D): Hurt;
}

/** For `cause`. */
export function onHost(world: World, name: string, act: (host: SimHost) => string | undefined): string | undefined {
  const host = world.host(name);
  return host === undefined ? undefined : act(host);
}

/** For `cause`. */
export function onSet(world: World, id: SetId, act: (set: SimSet) => string | undefined): string | undefined {
  const set = world.set(id);
  return set === undefined ? undefined : act(set);
}
