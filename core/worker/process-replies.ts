/**
 * Stage *reply*: a mobile-originated message becomes an event of the message it answers: the newest one that went from
 * the number it came to, to the handset it came from. Each part is an event; the fold joins them. STOP and START are
 * obeyed on every set, this one at once and the others through the relay.
 */

import {
  type ConversationKey,
  type ConversationMessage,
  conversationKey,
  type Hold,
  type Step,
  type Store,
} from "#core/store/store.ts";
import { maskNumber, parseE164 } from "#domain/e164.ts";
import type { EventOf } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import { type OptOutChange, type ReplyItem, replyItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import type { DeliverItem } from "#domain/notice.ts";
import { toChunks } from "./chunks.ts";
import { type DeadItem, deadChunks, toDead } from "./dead-item.ts";
import { splitEffects } from "./foreign-effects.ts";
import { deliverChunks } from "./notices.ts";
import { parseItems } from "./parse-items.ts";
import { settleStep } from "./settle-step.ts";
import { usedStores, type WorkContext } from "./work-context.ts";

/** While a set is away it might hold a newer message: a reply waits this long for it before it takes the next best. */
const ABSENT_SET_WAIT_MS = 30_000;
/** A reply to a message that is being accepted right now, or a set that is away: asked again after this. */
const RETRY_MS = 1_000;
const DAY_MS = 86_400_000;

export async function processReplies(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<void> {
  const build = (some: readonly Hold[]): Promise<Step> => buildStep(context, store, some);
  await settleStep(context, { store, stage: "reply", holds, build });
}

async function buildStep(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<Step> {
  const { clock, mint, log } = context;
  const now = clock.now();
  const { items, dead } = parseItems(replyItemSchema, holds, now);
  const keys = items.map((item) => conversationKey(item.to, item.from));
  const { found, allAnswered } = await findConversations(context, keys);

  const events: EventOf<"replied">[] = [];
  const optOuts: OptOutChange[] = [];
  const waiting: ReplyItem[] = [];
  const unmatched: DeadItem[] = [];
  const deliveries: DeliverItem[] = [];
  for (const item of items) {
    const conversation = found.get(conversationKey(item.to, item.from));
    const young = now - item.receivedAt < ABSENT_SET_WAIT_MS;
    if (young && (conversation === undefined || !allAnswered)) waiting.push(item);
    else if (conversation === undefined && !allAnswered) waiting.push(item);
    else if (conversation === undefined) {
      log.info("reply.unmatched", { provider: item.provider, from: maskNumber(item.from) });
      const hold = { lane: lanes.replies, deliveries: 1, enqueuedAt: item.receivedAt };
      unmatched.push(toDead(hold, item, "no message went from this number to this handset", now));
      // Its message may have gone with a retired set: whose number it is, the directory knows, and STOP is obeyed.
      const account = context.directory.current()?.accountOfNumber(item.to);
      if (account !== undefined) optOuts.push(...toOptOut(item, account));
    } else {
      events.push(toEvent(item, conversation));
      deliveries.push(...toDelivery(context, item, conversation.account, now));
      optOuts.push(...toOptOut(item, conversation.account));
    }
  }
  const effects = splitEffects(context, store.set, { events, optOuts });
  return {
    acks: holds.map((hold) => hold.lease),
    events: effects.events,
    optOuts: effects.optOuts,
    chunks: [
      ...effects.relays,
      ...deliverChunks(mint, deliveries),
      ...toChunks(mint, lanes.replies, waiting, RETRY_MS),
      ...deadChunks(mint, [...dead, ...unmatched]),
    ],
  };
}

/** Each part for itself, as it came: the account's own system joins them. */
function toDelivery(
  { directory }: WorkContext,
  item: ReplyItem,
  account: AccountId,
  since: number,
): readonly DeliverItem[] {
  if (directory.current()?.account(account)?.smpp?.replies !== true) return [];
  const { id, from, to, text, concat } = item;
  return [{ type: "reply", id, account, from, to, text, since, tries: 0, ...(concat !== undefined && { concat }) }];
}

async function findConversations(context: WorkContext, keys: readonly ConversationKey[]) {
  const found = new Map<ConversationKey, ConversationMessage>();
  const answers = await Promise.allSettled(
    usedStores(context).map(async (store) => {
      for (const [key, message] of await store.events.findConversations(keys)) {
        if (isNewer(message, found.get(key))) found.set(key, message);
      }
    }),
  );
  return { found, allAnswered: answers.every((answer) => answer.status === "fulfilled") };
}

/** Of the same millisecond the greater id: the parts of a reply find one message, whichever set answers first. */
function isNewer(one: ConversationMessage, other: ConversationMessage | undefined): boolean {
  if (other === undefined || one.at !== other.at) return other === undefined || one.at > other.at;
  return one.message > other.message;
}

/** The first words that carriers everywhere ask for. A reply of several parts is prose, not a keyword. */
const STOP_WORDS: ReadonlySet<string> = new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"]);
const START_WORDS: ReadonlySet<string> = new Set(["START", "UNSTOP"]);

export function keywordOf(item: Pick<ReplyItem, "text" | "concat">): "stop" | "start" | undefined {
  if (item.concat !== undefined && item.concat.total > 1) return undefined;
  const word = item.text.trim().toUpperCase();
  if (STOP_WORDS.has(word)) return "stop";
  return START_WORDS.has(word) ? "start" : undefined;
}

function toOptOut(item: ReplyItem, account: AccountId): readonly OptOutChange[] {
  const keyword = keywordOf(item);
  const number = parseE164(item.from);
  if (keyword === undefined || number === undefined) return [];
  return [{ account, number, out: keyword === "stop", at: item.receivedAt }];
}

/**
 * Handsets count references from 0 to 255 and begin again: the day keeps two long replies to one message apart. Days
 * are counted from the message and not from midnight, so that the parts of one reply fall into one: all but those of a
 * reply that is sent whole days after its message, to the second.
 */
function dayOf(item: ReplyItem, conversation: ConversationMessage): number {
  return Math.max(0, Math.floor((item.receivedAt - conversation.at) / DAY_MS));
}

function toEvent(item: ReplyItem, conversation: ConversationMessage): EventOf<"replied"> {
  const { concat } = item;
  const keyword = keywordOf(item);
  const reply = concat === undefined ? item.id : `${concat.reference}.${concat.total}.${dayOf(item, conversation)}`;
  return {
    type: "replied",
    message: conversation.message,
    at: item.receivedAt,
    reply,
    provider: item.provider,
    from: item.from,
    to: item.to,
    text: item.text,
    part: concat?.index ?? 1,
    parts: concat?.total ?? 1,
    ...(keyword === undefined ? {} : { keyword }),
  };
}
