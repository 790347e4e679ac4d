/** The edge on Bun: the composition root. */
/// <reference types="bun" />
import { runMain } from "#core/config/run-main.ts";
import { absoluteRequest } from "#core/http/absolute-request.ts";
import { bunMemory } from "#core/metrics/bun-memory.ts";
import { systemClock } from "#domain/clock.ts";
import { type Env, runEdgeOn } from "./run-edge.ts";
import type { Serve } from "./start-edge.ts";

/** An idle keep-alive connection is closed after this; Bun's own default of 10 s cuts a slow answer off. */
const IDLE_SECONDS = 60;

export const serveOnBun: Serve = ({ hostname, port, fetch }) => {
  const server = Bun.serve({
    ...{ hostname, port, idleTimeout: IDLE_SECONDS },
    fetch: (request) => fetch(absoluteRequest(request)),
  });
  return { port: server.port ?? port, stop: () => server.stop(false), kill: () => server.stop(true) };
};

export function runEdge(env: Env, signal: AbortSignal): Promise<void> {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  return runEdgeOn({ serve: serveOnBun, write, memory: bunMemory }, env, signal);
}

if (import.meta.main) await runMain(runEdge, { host: process, clock: systemClock });
