/** Items are parsed when they are claimed: one that an older process wrote wrongly stands out instead of spreading. */
import type { z } from "zod";
import type { Hold } from "#core/store/store.ts";
import { type DeadItem, toDead } from "./dead-item.ts";
import { unwrapFailed } from "./failed-item.ts";

export interface ParsedItems<Item> {
  readonly items: readonly Item[];
  readonly dead: readonly DeadItem[];
}

export function parseItems<Schema extends z.ZodType>(
  schema: Schema,
  holds: readonly Hold[],
  now: number,
): ParsedItems<z.output<Schema>> {
  const items: z.output<Schema>[] = [];
  const dead: DeadItem[] = [];
  for (const hold of holds) {
    for (const raw of hold.items) {
      const { item, enqueuedAt } = unwrapFailed(hold, raw);
      const parsed = schema.safeParse(item);
      if (parsed.success) items.push(parsed.data);
      else dead.push(toDead({ ...hold, enqueuedAt }, item, `not an item of this lane: ${parsed.error.message}`, now));
    }
  }
  return { items, dead };
}
