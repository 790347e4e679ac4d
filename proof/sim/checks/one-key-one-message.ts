/** I11: a key makes its messages once, and every answer to it names the same; without a key one try makes them once. */
import { eventsByMessage, type History } from "../history.ts";

export function checkOneKeyOneMessage({ operations, sets }: History): readonly string[] {
  const accepted = [...eventsByMessage(sets).values()].flatMap((events) =>
    events.flatMap((event) => (event.type === "accepted" ? [event] : [])),
  );
  const byText = Map.groupBy(accepted, ({ text }) => text);
  return operations.flatMap(({ name, submission, attempts }) => {
    const answers = new Set(attempts.flatMap(({ end }) => (end?.type === "accepted" ? [end.ids.join()] : [])));
    const ids = new Set((byText.get(submission.text) ?? []).map(({ message }) => message));
    const found = answers.size > 1 ? [`${name} was answered with different ids: ${[...answers].join(" and ")}`] : [];
    if (ids.size > submission.to.length)
      found.push(`${name} became ${ids.size} messages instead of ${submission.to.length}`);
    if (ids.size % submission.to.length !== 0) found.push(`${name} became ${ids.size} messages: a part of what it is`);
    const mayBe = attempts.some(
      ({ end }) =>
        end === undefined || end.type === "lost" || end.type === "outcome_unknown" || end.type === "accepted",
    );
    if (!mayBe && ids.size > 0) found.push(`${name} was refused for certain, and there are messages of it`);
    return found;
  });
}
