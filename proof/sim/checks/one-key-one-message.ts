/**
 * I11: a key makes its messages once, and every answer to it names the same; without a key one try makes them once. Of
 * requests of an account that share a key and not their content, one is made, and the others are told so.
 */
import type { MessageId } from "#domain/ids.ts";
import { eventsByMessage, type History, type SendOperation } from "../history.ts";

/** What became of one operation. */
interface Made {
  readonly operation: SendOperation;
  /** The messages in the log that have its text. */
  readonly ids: ReadonlySet<MessageId>;
  /** What it was answered. */
  readonly answered: ReadonlySet<MessageId>;
}

export function checkOneKeyOneMessage({ operations, sets }: History): readonly string[] {
  const accepted = [...eventsByMessage(sets).values()].flatMap((events) =>
    events.flatMap((event) => (event.type === "accepted" ? [event] : [])),
  );
  const textOf = new Map(accepted.map(({ message, text }) => [message, text]));
  const byText = Map.groupBy(accepted, ({ text }) => text);
  const made = operations.map((operation): Made => {
    const ids = new Set((byText.get(operation.submission.text) ?? []).map(({ message }) => message));
    const answered = operation.attempts.flatMap(({ end }) => (end?.type === "accepted" ? end.ids : []));
    return { operation, ids, answered: new Set(answered) };
  });
  const byKey = Map.groupBy(made, ({ operation: { name, key, submission } }) =>
    key === undefined ? name : `${submission.account} ${key}`,
  );
  return [
    ...made.flatMap((one) => [...findDoubled(one), ...findMixed(one, textOf)]),
    ...[...byKey.values()].flatMap(findShared),
  ];
}

/** One operation by itself. */
function findDoubled({ operation: { name, submission, attempts }, ids }: Made): readonly string[] {
  const answers = new Set(attempts.flatMap(({ end }) => (end?.type === "accepted" ? [end.ids.join()] : [])));
  const found = answers.size > 1 ? [`${name} was answered with different ids: ${[...answers].join(" and ")}`] : [];
  if (ids.size > submission.to.length)
    found.push(`${name} became ${ids.size} messages instead of ${submission.to.length}`);
  if (ids.size % submission.to.length !== 0) found.push(`${name} became ${ids.size} messages: a part of what it is`);
  const mayBe = attempts.some(
    ({ end }) => end === undefined || end.type === "lost" || end.type === "outcome_unknown" || end.type === "accepted",
  );
  if (!mayBe && ids.size > 0) found.push(`${name} was refused for certain, and there are messages of it`);
  return found;
}

/** Ids that are not in the log are lost, which is another check's. */
function findMixed(
  { operation: { name, submission }, answered }: Made,
  textOf: ReadonlyMap<MessageId, string>,
): readonly string[] {
  const foreign = [...answered].filter((id) => (textOf.get(id) ?? submission.text) !== submission.text);
  return foreign.map((id) => `${name} was answered with ${id}, which has another content`);
}

/** All operations of one key. */
function findShared(group: readonly Made[]): readonly string[] {
  const there = group.filter(({ ids }) => ids.size > 0).map(({ operation }) => operation.name);
  const found = there.length > 1 ? [`${there.join(" and ")} have one key, and there are messages of each`] : [];
  for (const { operation } of group) {
    const isRefused = operation.attempts.some(({ end }) => end?.type === "key_reused");
    if (!isRefused) continue;
    if (there.includes(operation.name)) found.push(`${operation.name} was told that its key is taken, and is there`);
    else if (there.length === 0) found.push(`${operation.name} was told that its key is taken, and nobody has it`);
  }
  return found;
}
