/** Whether a bind is granted, by the behaviour. No I/O. */
import { Status } from "#core/smpp/pdu.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { Behaviour } from "./behaviour.ts";

export type BindPlan =
  | { readonly type: "granted"; readonly account: Account }
  /** `account`: whose it would have been, when the refusal is not about who it is. */
  | { readonly type: "refused"; readonly status: number; readonly account?: Account };

/** In this order: an outage, who it is, how often, how many. */
export function planBind(
  given: { readonly systemId: string; readonly password: string },
  deps: {
    readonly accounts: Accounts;
    /** By system_id, whether there is such an account or not. */
    readonly behaviourFor: (systemId: string) => Behaviour;
    readonly nowMs: number;
  },
): BindPlan {
  const { accounts, nowMs } = deps;
  const { refuseBinds, bindsPerMinute, bindsMax } = deps.behaviourFor(given.systemId);
  if (refuseBinds > 0) return { type: "refused", status: refuseBinds };
  const account = accounts.admit(given);
  if (typeof account === "number") return { type: "refused", status: account };
  if (bindsPerMinute > 0 && !accounts.mayTry(account, bindsPerMinute, nowMs)) {
    return { type: "refused", status: Status.throttled, account };
  }
  if (bindsMax > 0 && account.links.size >= bindsMax) return { type: "refused", status: Status.bindFailed, account };
  return { type: "granted", account };
}
