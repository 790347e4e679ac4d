/** The edge on Deno: the composition root. Its permissions are named in deno.json; the driver needs `osRelease`. */
import { runMain } from "#core/config/run-main.ts";
import type { ProcessMemory } from "#core/metrics/watch-process.ts";
import { systemClock } from "#domain/clock.ts";
import { type Env, runEdgeOn } from "./run-edge.ts";
import type { Serve } from "./start-edge.ts";

export const serveOnDeno: Serve = ({ hostname, port, fetch }) => {
  const abort = new AbortController();
  const server = Deno.serve({ hostname, port, signal: abort.signal, onListen: () => undefined }, (request) =>
    fetch(request),
  );
  return {
    port: server.addr.port,
    stop: () => server.shutdown(),
    async kill() {
      abort.abort();
      await server.finished;
    },
  };
};

/** `gc` is there with DENO_V8_FLAGS=--expose-gc only. */
const denoMemory: ProcessMemory = {
  heapBytes: () => Deno.memoryUsage().heapUsed,
  collect: (globalThis as { readonly gc?: () => void }).gc,
};

export function runEdge(env: Env, signal: AbortSignal): Promise<void> {
  const write = (line: string): void => writeTo(Deno.stdout, `${line}\n`);
  return runEdgeOn({ serve: serveOnDeno, write, memory: denoMemory }, env, signal);
}

const encoder = new TextEncoder();

/** `writeSync` may take only a part. */
function writeTo(out: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest: Uint8Array = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(out.writeSync(rest));
}

if (import.meta.main) {
  const host = {
    env: Deno.env.toObject(),
    stderr: { write: (text: string) => writeTo(Deno.stderr, text) },
    on(event: "SIGTERM" | "SIGINT" | "unhandledRejection", listener: (reason?: unknown) => void): void {
      if (event !== "unhandledRejection") Deno.addSignalListener(event, () => listener());
      else addEventListener("unhandledrejection", ({ reason }) => listener(reason));
    },
    exit: (code: number) => Deno.exit(code),
  };
  await runMain(runEdge, { host, clock: systemClock });
}
