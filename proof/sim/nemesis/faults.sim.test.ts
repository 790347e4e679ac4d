// Every kind of fault is caused in a run of its own, and is undone when it says: the checks excuse nobody for longer.

import { expect, test } from "bun:test";
import { seededStream } from "../../seeded-random.ts";
import { planOperations } from "../clients/plan-operations.ts";
import { startClients } from "../clients/run-clients.ts";
import { createPerfectWire } from "../mongo/wire.ts";
import { inMacrotask } from "../run-seeds.ts";
import { World } from "../world.ts";
import { endOf, scheduleFaults } from "./apply-faults.ts";
import { type Fault, faultKinds } from "./fault-table.ts";

const SEEDS = [1, 2, 3];
/** Messages are on their way through every role then. */
const AT_MS = 3_000;
/** A process dies some deliveries later; a link is bound, a primary found, a directory told. */
const SETTLES_MS = 6_000;
const LIMIT_MS = 120_000;

/** What is not as it was; it must be asked last, as it cuts the sets' primaries off. */
function* findHurt(world: World): Generator<string> {
  for (const { name, running, links } of world.hosts) {
    if (running?.process.state !== "running") yield `${name} does not run`;
    if (running?.connector !== undefined && running.connector.health !== "bound") yield `${name} has no link`;
    for (const [set, link] of links) if (link.fault !== undefined) yield `${name} has a bad way to ${set}`;
    for (const { id } of world.sets) {
      const state = running?.edge?.directory.stateOf(id) ?? "up";
      if (state !== "up") yield `${name} holds ${id} for ${state}`;
    }
  }
  for (const { id, replica } of world.sets) {
    let isWritten = false;
    const probes = replica.connect(createPerfectWire()).db("godwit").collection<{ _id: string }>("lanes");
    void probes.insertOne({ _id: "probe" }, { writeConcern: { w: "majority", j: true } }).then(() => {
      isWritten = true;
    });
    world.time.runUntil(() => isWritten, world.time.now + 1_000);
    if (!isWritten) yield `${id} takes no write`;
    const { happened } = replica.isolatePrimary({ stays: () => false, awayMs: 1, survives: 1 });
    if (!happened) yield `${id} is cut off from its old primary`;
  }
}

for (const kind of faultKinds) {
  test(
    `${kind.kind} happens, and has ended when it says`,
    async () => {
      for (const seed of SEEDS) {
        const found = await inMacrotask(() => {
          const world = new World(seed, {});
          const targets = { processes: world.hosts.map(({ name }) => name), sets: world.sets.map(({ id }) => id) };
          const connectors = targets.processes.filter((name) => name.startsWith("connector"));
          const planned = kind.plan(seededStream(seed, kind.kind), { ...targets, connectors });
          const fault = { at: AT_MS, kind: kind.kind, ...planned } as Fault;
          world.operator.start();
          for (const host of world.hosts) host.start();
          startClients(world, planOperations(world.stream("operations")));
          const { applied } = scheduleFaults(world, [fault]);
          world.time.runUntil(() => false, endOf([fault]) + SETTLES_MS);
          const hurt = [...findHurt(world)];
          world.end();
          return { happened: applied.map(({ happened }) => happened), hurt };
        });
        expect(found).toEqual({ happened: [true], hurt: [] });
      }
    },
    LIMIT_MS,
  );
}
