/** Everything that is measured of a soak's platform while it runs, on one clock, each source into a file of its own. */
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { DATABASE } from "#testkit/platform-sets.ts";
import { createBalancerSource } from "../measure/sample-balancer.ts";
import { createDiskSource } from "../measure/sample-disk.ts";
import { createHostSource } from "../measure/sample-host.ts";
import { createLanesSource } from "../measure/sample-lanes.ts";
import { createMongodSource } from "../measure/sample-mongod.ts";
import { createPostgresSource } from "../measure/sample-postgres.ts";
import { createRolesSource } from "../measure/sample-roles.ts";
import { type Sampler, startSampler } from "../measure/sampler.ts";
import type { SoakStack } from "../stack/open-soak-stack.ts";

export interface SamplingOptions {
  readonly stack: SoakStack;
  readonly folder: string;
  readonly clock: Clock;
  /** As planned. */
  readonly durationMs: number;
  /** The generator's process once it runs. */
  readonly others: () => ReadonlyMap<string, number>;
}

/** Dispose it before the stack. Throws what the file system says about the folder. */
export async function openSampling(options: SamplingOptions): Promise<Sampler & AsyncDisposable> {
  const { stack, folder, clock, durationMs, others } = options;
  await using opening = new AsyncDisposableStack();
  const mongod = opening.use(createMongodSource({ sets: stack.platform.sets, database: DATABASE }));
  const postgres = opening.use(createPostgresSource(reportsUrlOf(stack)));
  const roles = (): ReadonlyMap<string, string> =>
    new Map([...stack.roles].flatMap(([name, { url }]) => (name === "simulator" ? [] : [[name, url] as const])));
  const processes = (): ReadonlyMap<string, readonly number[]> =>
    new Map([...stack.processIds(), ...others()].map(([name, pid]) => [name, [pid]] as const));
  const parts = [...stack.platform.sets.map(({ name }) => name), "roles", "run"];
  const folders = new Map([
    ...parts.map((name) => [name, join(stack.dataDir, name)] as const),
    ["postgres", stack.platform.postgres.dataDir] as const,
  ]);
  const sources = [
    createHostSource({ processes }),
    createRolesSource({ roles }),
    createLanesSource(stack.stores),
    createDiskSource(folders),
    ...(stack.balancer === undefined ? [] : [createBalancerSource(stack.balancer.countersUrl)]),
    mongod,
    postgres,
  ];
  const sampler = await startSampler({ sources, folder, clock, durationMs });
  const held = opening.move();
  return {
    ...sampler,
    async [Symbol.asyncDispose]() {
      await sampler.stop();
      await held.disposeAsync();
    },
  };
}

/** PostgreSQL's reports as its administrator. */
export function reportsUrlOf({ platform }: Pick<SoakStack, "platform">): string {
  const url = new URL(platform.postgres.adminUri);
  url.pathname = new URL(platform.analystUrl).pathname;
  return url.href;
}
