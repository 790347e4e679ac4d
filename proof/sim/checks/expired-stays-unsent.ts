/** A message whose time has passed by the clock of its connector is not handed to a provider any more. */
import { eventsByMessage, type History } from "../history.ts";

export function checkExpiredStaysUnsent({ sets, submits }: History): readonly string[] {
  const events = eventsByMessage(sets);
  return submits.flatMap(({ message, segment, clockAt, connector }) => {
    const accepted = events.get(message)?.find((event) => event.type === "accepted");
    const lateMs = accepted?.expireAt === undefined ? -1 : clockAt - accepted.expireAt;
    return lateMs < 0 ? [] : [`${message}/${segment} was submitted by ${connector} ${lateMs} ms after its expiry`];
  });
}
