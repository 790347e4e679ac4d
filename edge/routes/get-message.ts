/**
 * `GET /v1/messages/{id}`: one message's whole life, folded from the events on its own set. What belongs to another
 * account, never was, or cannot be an id is the same 404.
 */
import { messageIdSchema, setOfMessage } from "#domain/ids.ts";
import { readCaller } from "../caller.ts";
import { createRefuse, type EdgeDeps, requestIdOf } from "../edge-deps.ts";
import { readEvents } from "../read-events.ts";
import { toTimeline } from "../timeline.ts";

export async function getMessage(request: Request, id: string, deps: EdgeDeps): Promise<Response> {
  const requestId = requestIdOf(request, deps.mint);
  const refuse = createRefuse(deps, requestId);
  const caller = await readCaller(request, deps, { refuse, scope: "read" });
  if (caller.type === "refused") return caller.response;

  const parsed = messageIdSchema.safeParse(id);
  const store = parsed.success ? deps.stores.get(setOfMessage(parsed.data)) : undefined;
  if (!parsed.success || store === undefined) return refuse("not_found");
  const events = await readEvents(store, parsed.data, deps.clock);
  if (events === undefined) return refuse("set_unavailable");

  const timeline = toTimeline(parsed.data, events);
  if (timeline === undefined || timeline.account !== caller.account.id) return refuse("not_found");
  return new Response(JSON.stringify(timeline.body), {
    headers: { "content-type": "application/json", "x-request-id": requestId },
  });
}
