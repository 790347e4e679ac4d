/** A number that said STOP to an account hears no more from it (invariant I12). */
import { optOutKey } from "#core/store/store.ts";
import { defineHandler } from "./handler.ts";

export const checkOptOut = defineHandler("check-opt-out", (work, { optedOut }) => {
  const { account, to } = work.item;
  if (!optedOut.has(optOutKey(account, to))) return { type: "continue", work, events: [] };
  return { type: "reject", reason: "opted_out", detail: "the recipient has opted out of this account's messages" };
});
