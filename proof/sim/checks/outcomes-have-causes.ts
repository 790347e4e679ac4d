/** I1, the other way round: a message ends as it does because somebody did something. Nobody is refused by chance. */
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId } from "#domain/ids.ts";
import { eventsByMessage, type History, type SubmitRecord } from "../history.ts";
import { shortAccounts } from "../plan-payments.ts";

/** What a provider's states are to us. Others are stations on the way. */
export const STATES: Readonly<Record<string, MessageEvent["type"]>> = {
  delivered: "delivered",
  undelivered: "undelivered",
  rejected: "undelivered",
  deleted: "undelivered",
  expired: "expired",
  unknown: "unknown",
};
const STOP = /^\s*stop\b/i;

export function checkOutcomesHaveCauses(history: History): readonly string[] {
  const causes = causesOf(history);
  return [...eventsByMessage(history.sets)]
    .flatMap(([id, events]) =>
      events.flatMap((event) => {
        const missing = missingCause(event, events, causes);
        return missing === undefined ? [] : [`${id} is ${event.type}, and ${missing}`];
      }),
    )
    .concat(saidTooOften(history));
}

/** What a provider took is told by one event each: a step whose outcome was unknown may not be said again. */
function saidTooOften({ submits, sets }: History): readonly string[] {
  const left = new Map<string, number>();
  for (const submit of submits) {
    if (submit.result === "accepted") left.set(takenName(submit), (left.get(takenName(submit)) ?? 0) + 1);
  }
  const said = [...eventsByMessage(sets).values()].flat().filter((event) => event.type === "submitted");
  return said.flatMap((event) => {
    const count = left.get(takenName(event));
    // What nobody took at all has no cause, and is told above.
    if (count === undefined) return [];
    left.set(takenName(event), count - 1);
    return count > 0 ? [] : [`${takenName(event)} is submitted once more than the provider has taken it`];
  });
}

interface Causes {
  /** What the provider took. */
  readonly taken: ReadonlySet<string>;
  /** message/segment that the provider refused. */
  readonly refused: ReadonlySet<string>;
  /** provider id and event type of every receipt. */
  readonly receipts: ReadonlySet<string>;
  /** Handsets that have said STOP. */
  readonly stopped: ReadonlySet<string>;
  /** Accounts that could not pay for all, by themselves or for one above them. */
  readonly short: ReadonlySet<AccountId>;
}

function causesOf({ submits, receipts, replies, paid }: History): Causes {
  return {
    taken: new Set(submits.flatMap((submit) => (submit.result === "accepted" ? [takenName(submit)] : []))),
    refused: new Set(
      submits.flatMap(({ result, message, segment }) => (result === "refused" ? [`${message}/${segment}`] : [])),
    ),
    receipts: new Set(receipts.map(({ providerMessageId, state }) => `${providerMessageId} ${STATES[state]}`)),
    short: shortAccounts(paid),
    stopped: new Set(replies.flatMap(({ from, text }) => (STOP.test(text) ? [from] : []))),
  };
}

function takenName(of: Pick<SubmitRecord, "message" | "segment" | "providerMessageId">): string {
  return `${of.message}/${of.segment} ${of.providerMessageId}`;
}

/** Undefined: it has one. */
function missingCause(event: MessageEvent, events: readonly MessageEvent[], causes: Causes): string | undefined {
  const accepted = events.find(({ type }) => type === "accepted");
  switch (event.type) {
    case "submitted":
      return causes.taken.has(takenName(event)) ? undefined : "no provider has taken it by that id";
    case "refused":
      return causes.refused.has(`${event.message}/${event.segment}`) ? undefined : "no provider has refused it";
    case "delivered":
    case "undelivered":
    case "expired":
      return hasReceipt(event, causes) ? undefined : "no receipt says so";
    case "unknown":
      return hasReceipt(event, causes) || isKept(event, events)
        ? undefined
        : "nobody was in doubt and no receipt says so";
    case "lapsed": {
      const expireAt = accepted?.type === "accepted" ? accepted.expireAt : undefined;
      return expireAt !== undefined && event.at >= expireAt ? undefined : "its time had not come";
    }
    case "rejected": {
      if (event.reason === "insufficient_credit" || event.reason === "credit_unreachable") {
        return accepted?.type === "accepted" && causes.short.has(accepted.account) ? undefined : "there was credit";
      }
      if (event.reason !== "opted_out") return `nothing here is ${event.reason}`;
      return accepted?.type === "accepted" && causes.stopped.has(accepted.to) ? undefined : "nobody has said STOP";
    }
    default:
      return undefined;
  }
}

function hasReceipt(
  { type, providerMessageId }: Extract<MessageEvent, { readonly providerMessageId: string }>,
  { receipts }: Causes,
): boolean {
  return receipts.has(`${providerMessageId} ${type}`);
}

/** In doubt, and by its account's policy not sent again. */
function isKept({ segment }: { readonly segment: number }, events: readonly MessageEvent[]): boolean {
  return events.some((event) => event.type === "in_doubt" && event.segment === segment && event.policy === "keep");
}
