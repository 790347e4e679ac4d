/** What to do with a segment that the provider refused: again in this hold, later from the lane, or never. Pure. */
import type { RefusalClass } from "./connector.ts";

export type RefusalDecision =
  | { readonly type: "again" }
  /** `isTry`: it counts as one of the tries that a message has with a provider. */
  | { readonly type: "later"; readonly delayMs: number; readonly isTry: boolean }
  | { readonly type: "never" };

/** A message is given this many times to one provider, all kinds of later together. */
const TRIES_MAX = 5;
const SESSION_RETRY_MS = 1_000;
const BUSY_RETRY_MS = 10_000;
const TRANSIENT_FIRST_MS = 30_000;
const TRANSIENT_MAX_MS = 600_000;
const AMBIGUOUS_RETRY_MS = 60_000;

/** `tries`: how often the message has been put off already. */
export function decideRefusal(refusal: RefusalClass, tries: number): RefusalDecision {
  switch (refusal) {
    case "throttle":
      return { type: "again" };
    case "session":
      return { type: "later", delayMs: SESSION_RETRY_MS, isTry: true };
    // Bounded by the message's expiry: how long a recipient's queue stays full says nothing of the message.
    case "busy":
      return { type: "later", delayMs: BUSY_RETRY_MS, isTry: false };
    case "transient":
      if (tries >= TRIES_MAX) return { type: "never" };
      return { type: "later", delayMs: Math.min(TRANSIENT_MAX_MS, TRANSIENT_FIRST_MS * 2 ** tries), isTry: true };
    case "ambiguous":
      return tries >= 1 ? { type: "never" } : { type: "later", delayMs: AMBIGUOUS_RETRY_MS, isTry: true };
    case "account":
    case "route":
    case "recipient":
    case "request":
    case "permanent":
      return { type: "never" };
  }
}
