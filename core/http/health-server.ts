/**
 * /livez, /readyz and /metrics of a Bun process that serves nothing else. Bound to the loopback unless told otherwise.
 */
/// <reference types="bun" />

export interface HealthServer extends AsyncDisposable {
  readonly port: number;
}

export function serveHealth(options: {
  readonly port: number;
  readonly host?: string;
  /** Parts by name: ready only when all are. Must answer within a second or so: operators poll it. */
  readonly ready: () => Promise<Readonly<Record<string, boolean>>>;
  /** Prometheus text. */
  readonly metrics: () => string;
}): HealthServer {
  const server = Bun.serve({
    port: options.port,
    hostname: options.host ?? "127.0.0.1",
    routes: {
      "/livez": () => Response.json({ live: true }),
      "/readyz": async () => {
        const parts = await options.ready();
        const ready = Object.values(parts).every(Boolean);
        return Response.json({ ready, parts }, { status: ready ? 200 : 503 });
      },
      "/metrics": () => new Response(options.metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } }),
    },
    fetch: () => new Response("Not found. Try /livez, /readyz or /metrics.\n", { status: 404 }),
  });
  return {
    port: server.port ?? options.port,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}
