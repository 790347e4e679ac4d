/**
 * I7: a doubt is said of what was below a mark, for a cause that somebody else saw too, and what is done about it is
 * what the class and the account say. Nothing is sent again for ever.
 */
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { DOUBTS_MAX } from "#domain/limits.ts";
import { eventsByMessage, type History } from "../history.ts";
import { accounts } from "../sim-directory.ts";

/** DOUBTS_MAX times by each of the first two holders, as the second begins with a takeover; by each next once less. */
const RESENDS_MAX = DOUBTS_MAX + (DOUBTS_MAX * (DOUBTS_MAX + 1)) / 2;

type Doubt = EventOf<"in_doubt">;

export function checkDoubtsHaveCauses(history: History): readonly string[] {
  return [...eventsByMessage(history.sets)].flatMap(([id, events]) => {
    const doubts = events.filter((event) => event.type === "in_doubt");
    return [...Map.groupBy(doubts, ({ segment }) => segment)].flatMap(([segment, some]) =>
      [...missingCauses(history, some), ...wrongPolicies(history, some, events)].map(
        (what) => `${id}/${segment} is in doubt, and ${what}`,
      ),
    );
  });
}

/** All of them of one segment. */
function missingCauses({ submits, onLanes }: History, doubts: readonly Doubt[]): readonly string[] {
  const [{ message, segment } = { message: undefined, segment: 0 }] = doubts;
  const lane = onLanes.get(`${message}/${segment}`);
  const writes = submits.filter((submit) => submit.message === message && submit.segment === segment);
  const found = lane?.isMarked === true ? [] : ["was never below a mark"];
  for (const [reason, said] of Map.groupBy(doubts, (doubt) => doubt.reason)) {
    const seen =
      reason === "takeover"
        ? (lane?.deliveries ?? 0) - 1
        : writes.filter(({ unanswered }) => unanswered === reason).length;
    if (reason === "takeover" ? seen < 1 : seen < said.length) {
      found.push(`${said.length} times for ${reason}, which was seen ${Math.max(0, seen)} times`);
    }
  }
  return found;
}

function wrongPolicies(
  { onLanes, replies }: History,
  doubts: readonly Doubt[],
  events: readonly MessageEvent[],
): readonly string[] {
  const accepted = events.find((event) => event.type === "accepted");
  if (accepted === undefined) return [];
  const { account, to, class: messageClass, expireAt = Number.POSITIVE_INFINITY } = accepted;
  const wanted = messageClass === "alert" ? "resend" : accounts.find(({ id }) => id === account)?.inDoubt;
  const again = doubts.filter(({ policy }) => policy === "resend").length;
  const found = again > RESENDS_MAX ? [`is sent again ${again} times`] : [];
  return [...found, ...doubts.flatMap((doubt) => (isRight(doubt) ? [] : [`'${doubt.policy}' is not its policy`]))];

  function isRight({ policy, at, message, segment }: Doubt): boolean {
    if (policy === wanted) return true;
    const claims = onLanes.get(`${message}/${segment}`)?.deliveries ?? 0;
    const hasStopped = replies.some(({ from, text }) => from === to && text === "STOP");
    return policy === "keep" && (hasStopped || at >= expireAt || doubts.length + claims - 1 > DOUBTS_MAX);
  }
}
