/** What operators ask: is it alive, should it get traffic, what has it counted, which version is it. No key needed. */
import type { EdgeDeps } from "../edge-deps.ts";
import { DIRECTORY_AGE_MS_MAX } from "../readiness.ts";

export function livez(): Response {
  return Response.json({ live: true });
}

/** Ready: not draining, the accounts are known and fresh enough, and at least one set can take a majority write. */
export async function readyz(deps: EdgeDeps): Promise<Response> {
  const reachable = await deps.readiness();
  const version = deps.directory.current()?.version;
  const directory = {
    version: version ?? null,
    age_ms: version === undefined ? null : Math.round(deps.directory.ageMs()),
  };
  const directoryReady = version !== undefined && deps.directory.ageMs() <= DIRECTORY_AGE_MS_MAX;
  const sets = deps.committer
    .health()
    .map(({ set, near, state }) => ({ set, near, ready: reachable[set] === true, breaker: state }));
  const draining = deps.isDraining();
  const ready = !draining && directoryReady && sets.some((set) => set.ready);
  return Response.json({ ready, draining, directory, sets }, { status: ready ? 200 : 503 });
}

export function metrics(deps: EdgeDeps): Response {
  const { committer } = deps;
  const text = deps.metrics.render({ waiting: committer.waiting(), sets: committer.health() });
  return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
}

export function version(deps: EdgeDeps): Response {
  return Response.json({ name: "godwit", role: "edge", version: deps.version, api: "v1" });
}
