/** `POST /v1/messages/{id}/cancel`: takes back a scheduled message whose time has not come. */
import { challenge } from "../auth.ts";
import { cancelMessage } from "../cancel-message.ts";
import { createRefuse, type EdgeDeps, requestIdOf } from "../edge-deps.ts";

/** The body is not looked at. */
export async function cancelMessageRoute(request: Request, id: string, deps: EdgeDeps): Promise<Response> {
  const requestId = requestIdOf(request, deps.mint);
  const refuse = createRefuse(deps, requestId);
  const directory = deps.directory.current();
  if (directory === undefined) return refuse("not_ready");
  const identity = await deps.authenticate(request.headers.get("authorization"), directory);
  if (identity.type === "refused") return refuse(identity.code, { headers: challenge(identity.code) });
  const answer = await cancelMessage(deps, { account: identity.account.id, directory }, id);
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
