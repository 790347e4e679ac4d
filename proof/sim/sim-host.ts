/**
 * A place where a role runs: its ways to the sets outlive it, and after it was killed it starts again, as another
 * process that knows nothing of the one before.
 */

import type { LiveDirectory } from "#core/directory/open-directory.ts";
import { openMongoStoreOn } from "#core/store/mongo/open-mongo-store.ts";
import type { Store } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Committer } from "../../edge/committer.ts";
import type { Wire } from "./mongo/wire.ts";
import { observeStore } from "./observe-store.ts";
import type { SimConnector } from "./provider/sim-connector.ts";
import { SimProcess } from "./sim-process.ts";
import { createSimWire, Link } from "./sim-wire.ts";
import type { World } from "./world.ts";

/** Of the same region, and of another. */
const NEAR_MS = { min: 0.2, max: 1.2 };
const FAR_MS = { min: 12, max: 30 };
/** As each role's main file has it: one is enough to be waited for. */
const WRITERS = 2;

/** One life of a role. */
export interface Life {
  readonly process: SimProcess;
  readonly stores: readonly Store[];
  readonly region: string;
  readonly log: Logger;
  /** Never aborts while the run lasts: nothing stops cleanly here. */
  readonly signal: AbortSignal;
}

/** What others reach of a role that runs. */
export interface RunningRole {
  readonly edge?: { readonly committer: Committer; readonly directory: LiveDirectory };
  readonly connector?: SimConnector;
}

export type StartRole = (world: World, life: Life) => RunningRole;

export class SimHost {
  readonly name: string;
  readonly region: string;
  readonly links: ReadonlyMap<SetId, Link>;
  readonly #world: World;
  readonly #start: StartRole;
  readonly #rate: number;
  readonly #wires = new Set<Wire>();
  #lives = 0;
  #life: (RunningRole & { readonly process: SimProcess }) | undefined;

  constructor(world: World, role: { readonly name: string; readonly region: string; readonly start: StartRole }) {
    this.name = role.name;
    this.region = role.region;
    this.#world = world;
    this.#start = role.start;
    this.#rate = world.drawRate(role.name);
    this.links = new Map(
      world.sets.map(({ id, region }) => [id, new Link(region === role.region ? NEAR_MS : FAR_MS)] as const),
    );
  }

  get running(): (RunningRole & { readonly process: SimProcess }) | undefined {
    return this.#life?.process.state === "dead" ? undefined : this.#life;
  }

  /** Whether it is one of this host's ways to a set. */
  owns(wire: Wire): boolean {
    return this.#wires.has(wire);
  }

  start(): void {
    const world = this.#world;
    const name = `${this.name}.${++this.#lives}`;
    const process = new SimProcess({ name, time: world.time, random: world.stream(name), rate: this.#rate });
    const log = world.logOf(process);
    const stores = world.sets.map((set): Store => {
      const link = this.links.get(set.id);
      if (link === undefined) throw new RangeError(`Cannot open ${set.id} as there is no way to it`);
      const wire = createSimWire({ process, link, time: world.time, random: world.stream(`wire ${name} ${set.id}`) });
      this.#wires.add(wire);
      const { clock, random } = process;
      const options = {
        set: set.id,
        region: set.region,
        database: "godwit",
        clock,
        random,
        log,
        owner: name,
        writers: WRITERS,
      };
      const at = { process, role: this.name };
      const client = set.replica.connect(wire);
      const planted = world.plant?.wrapClient?.(client, at) ?? client;
      const store = observeStore(openMongoStoreOn(planted, options), {
        reached: world.reached,
        errors: () => link.errors,
        routed: this.name.startsWith("worker") ? world.watch.routed : () => undefined,
      });
      world.onEnd(() => void store[Symbol.asyncDispose]());
      return world.plant?.wrapStore?.(store, at) ?? store;
    });
    const stop = new AbortController();
    world.onEnd(() => stop.abort());
    const life = { process, stores, region: this.region, log, signal: stop.signal };
    this.#life = { process, ...this.#start(world, life) };
  }
}
