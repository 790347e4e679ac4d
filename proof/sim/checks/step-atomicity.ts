/** I2: what belongs together is there together, and nothing comes out of nothing. */
import { segmentText } from "#domain/encoding/segment-text.ts";
import { eventsByMessage, type History } from "../history.ts";

export function checkStepAtomicity(history: History): readonly string[] {
  const found = history.observations.flatMap(({ check, at, what }) =>
    check === "step-atomicity" ? [`at ${at.toFixed(0)}: ${what}`] : [],
  );
  const texts = new Map(history.operations.map(({ submission }) => [submission.text, submission]));
  for (const [id, events] of eventsByMessage(history.sets)) {
    const types = new Set(events.map(({ type }) => type));
    const accepted = events.find((event) => event.type === "accepted");
    if (accepted === undefined) {
      found.push(`${id} has events and was never accepted`);
      continue;
    }
    const submission = texts.get(accepted.text);
    const isAsked = submission?.account === accepted.account && submission.to.includes(accepted.to);
    if (!isAsked) found.push(`${id} was accepted and nobody asked for it`);
    // Where nobody can pay, it goes no further than its route.
    const isUnpaid = types.has("rejected") && !types.has("billed");
    if (types.has("routed") !== types.has("billed") && !isUnpaid) found.push(`${id} is routed and billed by halves`);
    if (types.has("submitted") && !types.has("routed")) found.push(`${id} was submitted and never routed`);
  }
  return [...found, ...unaskedSubmits(history)];
}

/** Every part that went on the air is a part of the text that was accepted for this number. */
function unaskedSubmits({ sets, submits }: History): readonly string[] {
  const events = eventsByMessage(sets);
  return submits.flatMap(({ message, segment, part, to, from }) => {
    const accepted = events.get(message)?.find((event) => event.type === "accepted");
    const isTrue = accepted?.to === to && accepted.from === from && segmentText(accepted.text).parts[segment] === part;
    return isTrue ? [] : [`${message}/${segment} was submitted with what nobody asked for`];
  });
}
