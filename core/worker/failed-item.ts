/**
 * An item that failed alone, on its way round again: its count of failures travels with it, because `deliveries` also
 * counts lost leases, sets that refused and directories that were not there. Lanes of the worker only.
 */
import { z } from "zod";
import type { Hold } from "#core/store/store.ts";

const failedItemSchema = z.strictObject({
  /** How often its own processing has thrown. */
  failures: z.int().positive(),
  /** When it was first enqueued, in milliseconds since the epoch. */
  enqueuedAt: z.int(),
  item: z.unknown(),
});

export interface FailedItem {
  readonly failures: number;
  readonly enqueuedAt: number;
  readonly item: unknown;
}

/** What is in the wrapping; an item without one has not failed yet. */
export function unwrapFailed(hold: Pick<Hold, "enqueuedAt">, raw: unknown): FailedItem {
  const parsed = failedItemSchema.safeParse(raw);
  if (!parsed.success) return { failures: 0, enqueuedAt: hold.enqueuedAt, item: raw };
  const { failures, enqueuedAt, item } = parsed.data;
  return { failures, enqueuedAt, item };
}
