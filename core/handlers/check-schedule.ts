/**
 * A message that was scheduled waits for its time. Its chunk was delayed until then: this holds for one that came to
 * the inbox again, out of a restored set or from lane `dead`, and for clocks that are apart.
 */
import { defineHandler } from "./handler.ts";

const SECOND_MS = 1_000;

export const checkSchedule = defineHandler("check-schedule", (work, { now }) => {
  const waitMs = (work.item.notBefore ?? now) - now;
  if (waitMs <= 0) return { type: "continue", work, events: [] };
  // In whole seconds, so that messages of one time share a chunk.
  return { type: "retry", afterMs: Math.ceil(waitMs / SECOND_MS) * SECOND_MS };
});
