/**
 * An item on lane `dead`, alone in its chunk: what failed, where, why, and when it was given up. Where it was a message
 * on its way to a provider, the step that buries it also rejects it, naming the chunk, so that a requeue of that chunk
 * can take just this rejection back.
 */
import { z } from "zod";
import type { Hold, NewChunk } from "#core/store/store.ts";
import type { EventOf } from "#domain/event.ts";
import {
  accountIdSchema,
  type IdMint,
  type MessageId,
  messageIdSchema,
  type SetId,
  setOfMessage,
} from "#domain/ids.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { noticeChunks, noticesOf, waitingOf } from "./notices.ts";

/** For customers: the error itself is on lane `dead`, and nobody else's business. */
const BURIED_DETAIL = "the platform could not process this message";

export const deadItemSchema = z.strictObject({
  lane: z.string().transform((lane) => lane as Lane),
  item: z.unknown(),
  error: z.string(),
  deliveries: z.int().nonnegative(),
  enqueuedAt: z.int(),
  diedAt: z.int(),
  /** Segments of it may have been sent, and nobody could tell which: to put it back is a doubt (invariant I7). */
  maybeSent: z.boolean().optional(),
});
export type DeadItem = Readonly<z.output<typeof deadItemSchema>>;

const waitingItemSchema = z.object({ id: messageIdSchema, account: accountIdSchema, notify: z.literal(true) });

export function toDead(
  hold: Pick<Hold, "lane" | "deliveries" | "enqueuedAt">,
  item: unknown,
  error: string,
  diedAt: number,
): DeadItem {
  return { lane: hold.lane, item, error, deliveries: hold.deliveries, enqueuedAt: hold.enqueuedAt, diedAt };
}

/** For items that are no messages: replies, receipts, relayed effects. */
export function deadChunks(mint: IdMint, dead: readonly DeadItem[]): readonly NewChunk[] {
  return dead.map((item) => ({ id: mint.chunkId(), lane: lanes.dead, items: [item] }));
}

/**
 * The chunks and, for messages of this set, their end, for the step that buries them: without it they would stay
 * `accepted` for ever (invariant I1). Items that do not even tell their message have none.
 */
export function buryRejected(
  deps: { readonly mint: IdMint; readonly set: SetId; readonly now: number },
  dead: readonly DeadItem[],
): { readonly chunks: readonly NewChunk[]; readonly events: readonly EventOf<"rejected">[] } {
  const chunks = deadChunks(deps.mint, dead);
  const events = chunks.flatMap(({ id: burial }, i): EventOf<"rejected">[] => {
    const message = dead[i] === undefined ? undefined : buriedMessage(dead[i], deps.set);
    if (message === undefined) return [];
    return [{ type: "rejected", message, at: deps.now, reason: "poison", detail: BURIED_DETAIL, burial }];
  });
  return {
    chunks: [...chunks, ...noticeChunks(deps.mint, noticesOf(events, waitingOf(readable(dead))), deps.now)],
    events,
  };
}

/** Those of the buried messages that tell who waits for them. */
function readable(dead: readonly DeadItem[]): readonly z.output<typeof waitingItemSchema>[] {
  return dead.flatMap(({ item }) => waitingItemSchema.safeParse(item).data ?? []);
}

/** The message that was buried on its way to a provider, where it tells its id and is of this set. */
export function buriedMessage({ lane, item }: Pick<DeadItem, "lane" | "item">, set: SetId): MessageId | undefined {
  if (!lane.startsWith("inbox.") && !lane.startsWith("submit.")) return undefined;
  const id = messageIdSchema.safeParse((item as { readonly id?: unknown } | null)?.id);
  return id.success && setOfMessage(id.data) === set ? id.data : undefined;
}
