/** The load balancer in front of the edges: HAProxy of this machine, as a process of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "#testkit/ports.ts";
import type { RoleProcess } from "#testkit/role-process.ts";
import { startServerProcess } from "#testkit/server-process.ts";
import { until } from "#testkit/until.ts";
import { createBalancerSource } from "../measure/sample-balancer.ts";
import { balancerConfig } from "./balancer-config.ts";

const READY_BOUND_MS = 10_000;
/** Where distributions put it, for users whose PATH has no system programs. */
const SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/sbin";

export interface Balancer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Its counters as CSV, a line a server. */
  readonly countersUrl: string;
}

/** There is no HAProxy on this machine; the message says what to do. */
class BalancerMissingError extends Error {
  override readonly name = "BalancerMissingError";
  readonly code = "balancer_missing";
  readonly retryable = false;

  constructor() {
    super(
      "There is no haproxy on this machine: install it (Debian: 'apt-get install haproxy', macOS: 'brew install " +
        "haproxy'), or go on without a balancer, on one edge, by --no-balancer.",
    );
  }
}

/** Throws BalancerMissingError. `folders`: as in PATH. */
export function findBalancer(folders = `${process.env.PATH ?? ""}:${SYSTEM_PATH}`): string {
  const path = Bun.which("haproxy", { PATH: folders });
  if (path === null) throw new BalancerMissingError();
  return path;
}

/** Returns once it passes requests on. Throws what starting a server throws, and WaitTimeoutError. */
export async function openBalancer(dir: string, edges: readonly RoleProcess[]): Promise<Balancer> {
  const path = findBalancer();
  const [port = 0, statsPort = 0] = await freePorts(2);
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "haproxy.cfg");
  const targets = edges.map(({ name, url }) => ({ name, port: Number(new URL(url).port) }));
  writeFileSync(file, balancerConfig({ port, statsPort, edges: targets }));
  const server = await startServerProcess({
    path,
    args: ["-db", "-f", file],
    mark: file,
    logFile: join(dir, "haproxy.log"),
    stopSignal: "SIGTERM",
  });
  const [url, countersUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${statsPort}/stats;csv`];
  const counters = createBalancerSource(countersUrl);
  await using opening = new AsyncDisposableStack();
  opening.defer(() => server.stop());
  // Every one of them: with one that it takes for down a whole run would measure the other.
  await until("the balancer to find all of its edges ready", READY_BOUND_MS, async () => {
    if (server.exit !== undefined) throw new Error(`haproxy ended with ${server.exit.code}: see ${dir}/haproxy.log`);
    const now = await counters.sample().catch(() => undefined);
    return (now !== undefined && targets.every(({ name }) => now[`edges.${name}.up`] === 1)) || undefined;
  });
  const held = opening.move();
  return {
    url,
    pid: server.pid,
    countersUrl,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
