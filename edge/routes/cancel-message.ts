/** `POST /v1/messages/{id}/cancel`: takes back a scheduled message whose time has not come. */
import { readCaller } from "../caller.ts";
import { cancelMessage } from "../cancel-message.ts";
import { createRefuse, type EdgeDeps, requestIdOf } from "../edge-deps.ts";

/** The body is not looked at. */
export async function cancelMessageRoute(request: Request, id: string, deps: EdgeDeps): Promise<Response> {
  const requestId = requestIdOf(request, deps.mint);
  const refuse = createRefuse(deps, requestId);
  const caller = await readCaller(request, deps, { refuse, scope: "send" });
  if (caller.type === "refused") return caller.response;
  const answer = await cancelMessage(deps, { account: caller.account.id, directory: caller.directory }, id);
  switch (answer.type) {
    case "cancelled":
      return new Response(
        JSON.stringify({ id: answer.id, status: "cancelled", cancelled_at: new Date(answer.at).toISOString() }),
        { headers: { "content-type": "application/json", "x-request-id": requestId } },
      );
    case "not_found":
      return refuse("not_found");
    case "too_late":
      return refuse("too_late_to_cancel");
    case "unavailable":
      return refuse("set_unavailable", { detail: "Ask again after Retry-After: it is cancelled once, or not at all." });
  }
}
