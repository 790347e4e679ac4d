/**
 * The edge's HTTP surface. Each route is one function of (request, deps): no middleware, because Hono runs a path with
 * a single handler without building a chain, and the hot path is where the requests are.
 */
import { Hono } from "hono";
import { createRefuse, type EdgeDeps, requestIdOf } from "./edge-deps.ts";
import { cancelMessageRoute } from "./routes/cancel-message.ts";
import { getMessage } from "./routes/get-message.ts";
import { livez, metrics, readyz, version } from "./routes/operate.ts";
import { sendMessages } from "./routes/send-messages.ts";

/** What each path allows, for 405; every other path is 404. */
const ALLOWED: readonly { readonly path: RegExp; readonly allow: string }[] = [
  { path: /^\/v1\/messages$/, allow: "POST" },
  { path: /^\/v1\/messages\/[^/]+$/, allow: "GET, HEAD" },
  { path: /^\/v1\/messages\/[^/]+\/cancel$/, allow: "POST" },
  { path: /^\/(?:livez|readyz|metrics|version)$/, allow: "GET, HEAD" },
];

export function createApp(deps: EdgeDeps): Hono {
  const app = new Hono();
  app.post("/v1/messages", (c) => sendMessages(c.req.raw, deps));
  app.get("/v1/messages/:id", (c) => getMessage(c.req.raw, c.req.param("id"), deps));
  app.post("/v1/messages/:id/cancel", (c) => cancelMessageRoute(c.req.raw, c.req.param("id"), deps));
  app.get("/livez", () => livez());
  app.get("/readyz", () => readyz(deps));
  app.get("/metrics", () => metrics(deps));
  app.get("/version", () => version(deps));

  app.notFound((c) => {
    const refuse = createRefuse(deps, requestIdOf(c.req.raw, deps.mint));
    const known = ALLOWED.find(({ path }) => path.test(c.req.path));
    return known === undefined
      ? refuse("not_found")
      : refuse("method_not_allowed", { headers: { allow: known.allow } });
  });
  app.onError((error, c) => {
    const requestId = requestIdOf(c.req.raw, deps.mint);
    deps.log.error("defect", { where: `${c.req.method} ${c.req.routePath} ${requestId}`, error: String(error) });
    return createRefuse(deps, requestId)("internal");
  });
  return app;
}
