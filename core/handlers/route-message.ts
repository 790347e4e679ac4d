/** Routing by longest prefix; the event says which prefix won and what else would have matched. */
import { defineHandler } from "./handler.ts";
import { refuseByDirectory } from "./refuse-by-directory.ts";

export const routeMessage = defineHandler("route-message", (work, { directory, now }) => {
  const { item } = work;
  const candidates = directory.routes(item.to);
  const [route] = candidates;
  if (route === undefined) {
    return refuseByDirectory(item.id, now, { reason: "no_route", detail: "no route has a prefix of this number" });
  }
  const { prefix, provider } = route;
  return {
    type: "continue",
    work: { ...work, route },
    events: [{ type: "routed", message: item.id, at: now, attempt: 1, provider, prefix, candidates: [...candidates] }],
  };
});
