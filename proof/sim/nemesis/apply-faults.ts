/** Causes the faults of a schedule, ends each after its time, and says what each did. */

import type { SimHost } from "../sim-host.ts";
import { type Reached, reach } from "../sometimes.ts";
import type { SimSet, World } from "../world.ts";
import type { AppliedFault, Fault, FaultKind } from "./fault.ts";

/** As the worker and the connectors have it. */
const LEASE_MS = 15_000;

type Of<K extends FaultKind> = Extract<Fault, { readonly kind: K }>;
/** Says what it did, or undefined when there was nothing to do it to. */
type Cause<K extends FaultKind> = (world: World, fault: Of<K>) => string | undefined;

const causes: { readonly [K in FaultKind]: Cause<K> } = {
  kill: (world, { process, afterDeliveries, downMs }) =>
    onHost(world, process, (host) => {
      const { running } = host;
      if (running === undefined) return undefined;
      running.process.onDeath(() => {
        reach(world.reached, "a process was killed at a delivery");
        if (host.name.startsWith("projector")) reach(world.reached, "a projector was killed");
        world.time.after(downMs, () => host.start());
      });
      running.process.killAfter(afterDeliveries);
      return `${running.process.name} at its delivery ${afterDeliveries} from now`;
    }),
  pause: (world, { process, ms }) =>
    onHost(world, process, ({ running }) => {
      if (running?.process.state !== "running") return undefined;
      running.process.pause();
      if (ms > LEASE_MS) reach(world.reached, "a process was paused past a lease");
      world.time.after(ms, () => running.process.resume());
      return running.process.name;
    }),
  elect: (world, { set, how, awayMs, survives }) =>
    onSet(world, set, ({ replica }) => {
      const effect = replica.elect({ how, awayMs, survives });
      noteRollback(world.reached, effect.rolledBack);
      return effect.happened ? JSON.stringify(effect) : undefined;
    }),
  isolate: (world, { set, stays, awayMs, survives, ms }) =>
    onSet(world, set, ({ replica }) => {
      const owners = world.hosts.filter(({ name }) => stays.includes(name));
      const staysWith = { stays: (wire: Parameters<SimHost["owns"]>[0]) => owners.some((host) => host.owns(wire)) };
      if (isolated.get(world)?.has(set) === true) return undefined;
      const effect = replica.isolatePrimary({ awayMs, survives, ...staysWith });
      if (!effect.happened) return undefined;
      const held = isolated.get(world) ?? new Set();
      isolated.set(world, held.add(set));
      noteRollback(world.reached, effect.rolledBack);
      world.time.after(ms, () => {
        held.delete(set);
        if (replica.heal().thrownAway > 0) reach(world.reached, "a stale primary threw writes away");
      });
      return JSON.stringify(effect);
    }),
  stall: (world, { set, ms }) =>
    onSet(world, set, ({ replica }) => {
      replica.stallReplication();
      world.time.after(ms, () => replica.resumeReplication());
      return set;
    }),
  wire: (world, { process, set, fault, ms }) =>
    onHost(world, process, ({ links }) => {
      const link = links.get(set);
      link?.break(fault, world.time.now);
      world.time.after(ms, () => link?.mend());
      return link === undefined ? undefined : `${process} to ${set}: ${fault}`;
    }),
  jump: (world, { process, byMs }) =>
    onHost(world, process, ({ running }) => {
      running?.process.jumpClock(byMs);
      return running?.process.name;
    }),
  jump_set: (world, { set, byMs }) =>
    onSet(world, set, ({ node }) => {
      node.jumpClock(byMs);
      return set;
    }),
  link: (world, { process, ms }) =>
    onHost(world, process, ({ running }) => {
      running?.connector?.drop(ms);
      return running?.connector === undefined ? undefined : running.process.name;
    }),
  drain: (world, { set, ms }) => {
    world.changeState(set, "drain");
    world.time.after(ms, () => world.changeState(set, "up"));
    return set;
  },
};

/** One isolation of a set at a time. */
const isolated = new WeakMap<World, Set<string>>();

export function scheduleFaults(
  world: World,
  schedule: readonly Fault[],
): { readonly applied: readonly AppliedFault[] } {
  const applied: AppliedFault[] = [];
  for (const fault of schedule) {
    world.time.after(fault.at, () => {
      const detail = cause(world, fault);
      applied.push({ fault, happened: detail !== undefined, detail: detail ?? "" });
    });
  }
  return { applied };
}

function cause<K extends FaultKind>(world: World, fault: Of<K>): string | undefined {
  const act = causes[fault.kind] as Cause<K>;
  return act(world, fault);
}

/** When the last of them has ended, in milliseconds since the run began. */
export function endOf(schedule: readonly Fault[]): number {
  return Math.max(0, ...schedule.map((fault) => fault.at + lastsMs(fault)));
}

export function lastsMs(fault: Fault): number {
  switch (fault.kind) {
    case "kill":
      return fault.downMs;
    case "elect":
      return fault.awayMs;
    case "isolate":
      return Math.max(fault.ms, fault.awayMs);
    case "jump":
    case "jump_set":
      return 0;
    case "pause":
    case "stall":
    case "wire":
    case "link":
    case "drain":
      return fault.ms;
  }
}

function onHost(world: World, name: string, act: (host: SimHost) => string | undefined): string | undefined {
  const host = world.host(name);
  return host === undefined ? undefined : act(host);
}

function onSet(world: World, id: SimSet["id"], act: (set: SimSet) => string | undefined): string | undefined {
  const set = world.set(id);
  return set === undefined ? undefined : act(set);
}

function noteRollback(reached: Reached, rolledBack: number): void {
  reach(reached, "a write of our own was rolled back", rolledBack);
}
