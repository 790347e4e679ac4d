/** What is done about a segment that the provider may have, for want of its answer (invariant I7). */
import type { LiveDirectory } from "#core/directory/open-directory.ts";
import type { EventOf } from "#domain/event.ts";
import type { SubmitItem } from "#domain/item.ts";

export type DoubtDecision = EventOf<"in_doubt">["policy"];

/** Whether a message in doubt is sent again. Asked once for each doubt. */
export type DoubtPolicy = (item: Pick<SubmitItem, "class" | "account">) => DoubtDecision;

/** Alerts are always sent again; the rest as the account says. Ask only once there is a directory. */
export function createDoubtPolicy(directory: Pick<LiveDirectory, "current">): DoubtPolicy {
  return (item) =>
    item.class === "alert" ? "resend" : (directory.current()?.account(item.account)?.inDoubt ?? "resend");
}

/** The error of a segment that ends `unknown` because it was in doubt and is kept. */
export const KEPT_ERROR = "in doubt, not sent again";
