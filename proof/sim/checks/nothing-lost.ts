/** I1: what was answered as accepted is there, and comes to an end. */
import { foldEvents, isFinal, statusOf } from "#domain/fold.ts";
import { eventsByMessage, type History } from "../history.ts";

/** What waits for the projector is late for the reports, and not lost. */
export const PROJECTOR = "projector";

export function checkNothingLost(history: History): readonly string[] {
  const events = eventsByMessage(history.sets);
  const submitted = new Set(history.submits.flatMap(({ result, message }) => (result === "accepted" ? [message] : [])));
  const waiting = history.waiting.filter((what) => !what.startsWith(PROJECTOR));
  const found: string[] = waiting.map((what) => `still waiting when time was up: ${what}`);
  for (const { name, attempts } of history.operations) {
    const ids = new Set(attempts.flatMap(({ end }) => (end?.type === "accepted" ? end.ids : [])));
    for (const id of ids) {
      const said = events.get(id);
      if (said === undefined) {
        found.push(`${id} of ${name} was acknowledged and is not in the log`);
        continue;
      }
      const status = statusOf(foldEvents(said));
      // Without a receipt a message stays submitted: there is no receipt time-out yet.
      const isOver = isFinal(status) || (status === "submitted" && submitted.has(id));
      if (!isOver && waiting.length === 0) found.push(`${id} of ${name} was acknowledged and ends as ${status}`);
    }
  }
  return found;
}
