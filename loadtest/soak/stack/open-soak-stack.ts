/**
 * The platform that a soak runs on: two sets of three, a balancer before an edge on Deno and one on Bun, two workers,
 * two connectors with links of their own to the simulator, a projector and PostgreSQL, each a process of its own.
 */
import { join } from "node:path";
import type { PlatformSet } from "#testkit/platform-sets.ts";
import { type ChaosStack, openStack } from "../../../proof/chaos/stack/open-stack.ts";
import { LOAD_BEHAVIOUR } from "../../scenarios/load-request.ts";
import { type Balancer, openBalancer } from "./open-balancer.ts";

/** Near to all roles: each message goes to one of them at random. */
const SOAK_SETS: readonly PlatformSet[] = [
  { set: "syd1", region: "syd" },
  { set: "syd2", region: "syd" },
];

export interface SoakStack extends ChaosStack {
  /** Undefined without one. */
  readonly balancer: Balancer | undefined;
  /** Where requests go: the balancer's, or the one edge's. */
  readonly url: string;
  /** Process ids by name, as they are now: what is down has none. */
  processIds(): ReadonlyMap<string, number>;
}

export interface SoakStackOptions {
  readonly dataDir: string;
  readonly withBalancer: boolean;
  /** A checkout whose roles run. Default: this one's. */
  readonly build?: string;
  /** Of the forced collections after which the roles tell their live heap. */
  readonly liveHeapEverySeconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Dispose to stop everything; the data stays. Throws what opening a platform throws, and BalancerMissingError. */
export async function openSoakStack(options: SoakStackOptions): Promise<SoakStack> {
  const { dataDir, withBalancer, build, liveHeapEverySeconds, say, signal } = options;
  await using opening = new AsyncDisposableStack();
  const stack = opening.use(
    await openStack({
      dataDir,
      sets: SOAK_SETS,
      edgeRuntime: "deno",
      proxies: false,
      secondEdge: withBalancer,
      behaviour: LOAD_BEHAVIOUR,
      // Deno collects only where it was started for it.
      roleVariables: {
        GODWIT_LIVE_HEAP_EVERY_SECONDS: `${liveHeapEverySeconds}`,
        DENO_V8_FLAGS: "--expose-gc",
      },
      ...(build !== undefined && { build }),
      say,
      signal,
    }),
  );
  const edges = [...stack.roles.values()].filter(({ name }) => name.startsWith("edge"));
  const balancer = withBalancer ? opening.use(await openBalancer(join(dataDir, "balancer"), edges)) : undefined;
  const held = opening.move();
  return {
    ...stack,
    balancer,
    url: balancer?.url ?? stack.platform.edgeUrl,
    processIds: () => processIds(stack, balancer),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function processIds({ platform, roles }: ChaosStack, balancer: Balancer | undefined): ReadonlyMap<string, number> {
  const all: readonly (readonly [string, number | undefined])[] = [
    ...[...roles].map(([name, { pid }]) => [name, pid] as const),
    ...platform.sets.flatMap(({ name, members }) =>
      members.map(({ index, pid }) => [`mongod ${name}/${index}`, pid] as const),
    ),
    ["postgres", platform.postgres.pid],
    ["balancer", balancer?.pid],
  ];
  return new Map(all.flatMap(([name, pid]) => (pid === undefined ? [] : [[name, pid] as const])));
}
