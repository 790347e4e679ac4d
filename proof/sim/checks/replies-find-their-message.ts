/**
 * Two-way: each reply is an event of the newest message that had gone from the number it came to, to the handset it
 * came from; once for each time that it was delivered, and once in all where its parts name it.
 */
import { batchId } from "#core/store/mongo/documents.ts";
import type { EventOf } from "#domain/event.ts";
import { type MessageId, type SetId, setOfMessage } from "#domain/ids.ts";
import type { History, ReplyRecord } from "../history.ts";
import { hurtBy } from "../nemesis/fault-table.ts";

export function checkRepliesFindTheirMessage(history: History): readonly string[] {
  const conversations = conversationsOf(history);
  const read = { history, conversations, said: repliedEvents(history), answeredAt: answerTimes(history) };
  return [...misplaced(read), ...miscounted(read)];
}

interface Read {
  readonly history: History;
  readonly said: readonly Replied[];
  readonly conversations: ReadonlyMap<MessageId, Conversation>;
  /** When its customer knew of a message, so that a majority had it. */
  readonly answeredAt: (message: MessageId) => number;
}

interface Conversation {
  readonly key: string;
  readonly message: MessageId;
  readonly at: number;
  /** Of the batch that says so, by the clock of its set: by it the newest one is found. */
  readonly writtenAt: number;
  readonly batch: string;
}

type Replied = EventOf<"replied">;
const keyOf = (number: string, handset: string): string => `${number}|${handset}`;

function repliedEvents({ sets }: History): readonly Replied[] {
  return sets.flatMap(({ batches }) =>
    batches.flatMap(({ events }) => events.flatMap((event) => (event.type === "replied" ? [event] : []))),
  );
}

function conversationsOf({ sets }: History): ReadonlyMap<MessageId, Conversation> {
  const all = sets.flatMap(({ batches }) =>
    batches.flatMap(({ writer, sequence, at: writtenAt, events }) =>
      events.flatMap((event): Conversation[] => {
        if (event.type !== "accepted") return [];
        const { from, to, message, at } = event;
        return [{ key: keyOf(from, to), message, at, writtenAt, batch: batchId(writer, sequence) }];
      }),
    ),
  );
  return new Map(all.map((one) => [one.message, one]));
}

function misplaced({ history, conversations, said, answeredAt }: Read): readonly string[] {
  return said.flatMap(({ message, from, to, text }) => {
    const found = conversations.get(message);
    const name = `the reply '${text}' of ${from} to ${to}`;
    if (found?.key !== keyOf(to, from))
      return [`${name} is said of ${message}, which nobody sent there from that number`];
    const saidAt = Math.min(...history.replies.flatMap((one) => (isOf(one, { from, to, text }) ? [one.at] : [])));
    const newer = [...conversations.values()].find(
      (one) => isNewer(one, found, history) && answeredAt(one.message) < saidAt,
    );
    return newer === undefined ? [] : [`${name} is said of ${message}, and ${newer.message} was there and is newer`];
  });
}

/**
 * Of one set only: another may have been away for so long that the next best was taken. And of one whose old primary
 * answered nobody: what it reads is of a majority, and of yesterday.
 */
function isNewer(one: Conversation, found: Conversation, { faults }: History): boolean {
  const set = setOfMessage(found.message);
  if (one.key !== found.key || setOfMessage(one.message) !== set || wasStale(faults, set)) return false;
  return one.writtenAt > found.writtenAt || (one.batch === found.batch && one.at > found.at);
}

function wasStale(faults: History["faults"], wanted: SetId): boolean {
  return faults.some(({ fault }) => {
    const { set, isStale } = hurtBy(fault);
    return isStale === true && set === wanted;
  });
}

function answerTimes({ operations }: History): (message: MessageId) => number {
  const times = new Map<MessageId, number>();
  for (const { end, endAt = Number.POSITIVE_INFINITY } of operations.flatMap(({ attempts }) => attempts)) {
    for (const id of end?.type === "accepted" ? end.ids : []) times.set(id, Math.min(times.get(id) ?? endAt, endAt));
  }
  return (message) => times.get(message) ?? Number.POSITIVE_INFINITY;
}

/**
 * A single one that comes again is another, as nothing names it; parts are joined by their reference, on one message.
 * A relay may say an event twice, which is as once: what counts is what the fold counts.
 */
function miscounted({ history: { replies, waiting }, ...read }: Read): readonly string[] {
  if (waiting.length > 0) return [];
  const taken = replies.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined);
  const groups = Map.groupBy(taken, ({ from, to, text, reference }) => JSON.stringify([from, to, text, reference]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { least, most } = timesOf(group, first, read);
    const events = read.said.filter((event) => isOf(first, event));
    const times = new Set(events.map(({ reply, message }) => (first.reference === undefined ? reply : message))).size;
    if (least <= times && times <= most) return [];
    return [`the reply '${first.text}' of ${first.from} came ${most} times and is said ${times} times`];
  });
}

function timesOf(
  group: readonly ReplyRecord[],
  first: ReplyRecord,
  { conversations, answeredAt }: Omit<Read, "history">,
) {
  const candidates = [...conversations.values()].filter(({ key }) => key === keyOf(first.to, first.from));
  // Nobody had written there: it is buried, or finds what was accepted after it.
  const isAnswer = candidates.some(({ message }) => group.every(({ at }) => answeredAt(message) < at));
  const isJoined = first.reference !== undefined;
  // Between its parts another message may have gone there, and between an unknown enqueue and the next set's.
  const isMovable = isJoined && candidates.length > 1;
  const deliveries = isMovable ? Number.POSITIVE_INFINITY : group.reduce((sum, { tries }) => sum + tries, 0);
  const least = isJoined ? 1 : group.length;
  return { least: isAnswer ? least : 0, most: isJoined && !isMovable ? 1 : deliveries };
}

function isOf(
  { from, to, text, reference }: ReplyRecord,
  event: Pick<Replied, "from" | "to" | "text"> & Partial<Pick<Replied, "reply">>,
): boolean {
  if (event.from !== from || event.to !== to || event.text !== text) return false;
  return event.reply === undefined || reference === undefined || event.reply.startsWith(`${reference}.`);
}
