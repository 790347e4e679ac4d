/**
 * `GET /v1/messages/{id}`: one message's whole life, folded from the events on its own set, for its account and those
 * above it. What belongs to anybody else, never was, or cannot be an id is the same 404.
 */
import { type AccountId, messageIdSchema, setOfMessage } from "#domain/ids.ts";
import { type KnownCaller, readCaller } from "../caller.ts";
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

  const timeline = toTimeline(parsed.data, events, (owner) => levelsSeenBy(caller, owner));
  if (timeline === undefined) return refuse("not_found");
  return new Response(JSON.stringify(timeline), {
    headers: { "content-type": "application/json", "x-request-id": requestId },
  });
}

/** Its own, and those from the owner up to it. */
function levelsSeenBy({ account, directory }: KnownCaller, owner: AccountId): ReadonlySet<AccountId> | undefined {
  if (owner === account.id) return new Set([owner]);
  const chain = directory.chain(owner).map(({ id }) => id);
  const own = chain.indexOf(account.id);
  return own < 0 ? undefined : new Set(chain.slice(0, own + 1));
}
