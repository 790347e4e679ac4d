/** I7: a segment is taken by the provider once, and once more for each doubt that says so; and below its mark only. */
import { eventsByMessage, type History } from "../history.ts";

export function checkNoSilentDouble({ sets, submits }: History): readonly string[] {
  const events = eventsByMessage(sets);
  const found = submits.flatMap(({ mark, message, segment, at, connector }) =>
    mark === "beyond" ? [`${message}/${segment} was written by ${connector} at ${at.toFixed(0)} beyond its mark`] : [],
  );
  const taken = submits.filter(({ result }) => result === "accepted");
  for (const [name, copies] of Map.groupBy(taken, ({ message, segment }) => `${message}/${segment}`)) {
    const [{ message, segment } = { message: undefined, segment: 0 }] = copies;
    if (message === undefined) continue;
    const doubts = (events.get(message) ?? []).filter(
      (event) => event.type === "in_doubt" && event.segment === segment && event.policy === "resend",
    );
    if (copies.length > 1 + doubts.length) {
      found.push(`${name} was taken ${copies.length} times with ${doubts.length} doubts`);
    }
  }
  return found;
}
