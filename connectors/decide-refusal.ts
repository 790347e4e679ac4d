/** What to do with a segment that the provider refused: again in this hold, later from the lane, or never. Pure. */
import type { RefusalClass } from "./connector.ts";

export type RefusalDecision =
  | { readonly type: "again" }
  | { readonly type: "later"; readonly delayMs: number }
  | { readonly type: "never" };

/** A message is given this many times to one provider, all kinds of later together. */
const TRIES_MAX = 5;
const SESSION_RETRY_MS = 1_000;
const TRANSIENT_FIRST_MS = 30_000;
const TRANSIENT_MAX_MS = 600_000;
const AMBIGUOUS_RETRY_MS = 60_000;

/** `tries`: how often the message has been put off already. */
export function decideRefusal(refusal: RefusalClass, tries: number): RefusalDecision {
  switch (refusal) {
    case "throttle":
      return { type: "again" };
    case "session":
      return { type: "later", delayMs: SESSION_RETRY_MS };
    case "transient":
      if (tries >= TRIES_MAX) return { type: "never" };
      return { type: "later", delayMs: Math.min(TRANSIENT_MAX_MS, TRANSIENT_FIRST_MS * 2 ** tries) };
    case "ambiguous":
      return tries >= 1 ? { type: "never" } : { type: "later", delayMs: AMBIGUOUS_RETRY_MS };
    case "account":
    case "route":
    case "recipient":
    case "request":
    case "permanent":
      return { type: "never" };
  }
}
