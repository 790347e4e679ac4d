/** A message whose `expire_at` has passed goes no further. */
import { defineHandler } from "./handler.ts";

export const checkExpiry = defineHandler("check-expiry", (work, { now }) => {
  const { item } = work;
  if (item.expireAt === undefined || item.expireAt > now) return { type: "continue", work, events: [] };
  const segments = Array.from({ length: item.segments }, (_, i) => i);
  return { type: "drop", events: [{ type: "lapsed", message: item.id, at: now, segments }] };
});
