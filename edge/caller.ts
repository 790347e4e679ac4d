/** Who a request comes from, and by what copy of the directory that was decided: what every route begins with. */
import type { Account, KeyScope } from "#core/directory/account.ts";
import type { Directory } from "#core/directory/directory.ts";
import { challenge } from "./auth.ts";
import type { EdgeDeps, Refuse } from "./edge-deps.ts";

export interface KnownCaller {
  readonly type: "known";
  readonly account: Account;
  readonly directory: Directory;
}
export type Caller = KnownCaller | { readonly type: "refused"; readonly response: Response };

/** `scope`: what the key must be good for. */
export async function readCaller(
  request: Request,
  deps: Pick<EdgeDeps, "authenticate" | "clock" | "directory">,
  { refuse, scope }: { readonly refuse: Refuse; readonly scope: KeyScope },
): Promise<Caller> {
  const directory = deps.directory.current();
  if (directory === undefined) return { type: "refused", response: refuse("not_ready") };
  const asked = { directory, scope, now: deps.clock.now() };
  const identity = await deps.authenticate(request.headers.get("authorization"), asked);
  if (identity.type === "account") return { type: "known", account: identity.account, directory };
  return { type: "refused", response: refuse(identity.code, { headers: challenge(identity.code) }) };
}
