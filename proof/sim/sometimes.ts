/**
 * States that a batch of runs must have reached: a proof that never sees an election roll a write back says nothing of
 * elections. Add a name here and call `reached` where it happens; a batch that never gets there fails.
 */
export const sometimes = [
  "a write of our own was rolled back",
  "a step met an error and was committed",
  "a number was voided",
  "an outcome stayed unknown",
  "a writer was fenced",
  "a lease was lost at a step",
  "a tentative claim was lost",
  "a takeover found doubt",
  "a link was lost with submits in flight",
  "a segment was lost on the wire",
  "an answer came too late",
  "a message in doubt was sent again",
  "a message in doubt was kept",
  "a key was replayed",
  "a key was replayed by another edge",
  "a key was moved to another set",
  "a key that was taken came with another content",
  "an edge used another set",
  "a client was told that the outcome is unknown",
  "a receipt came before its answer",
  "a receipt was doubled",
  "a receipt was refused and came again",
  "a receipt was parked",
  "a provider used an id again",
  "a receipt found its submit beside an old one of the same id",
  "a reply had several parts",
  "an opt-out was acknowledged",
  "an opt-out stopped a message",
  "a message lapsed",
  "an account had no credit left",
  "credit was fetched from another set",
  "credit was waited for in vain",
  "a price was given back",
  "the home of the directory was moved",
  "a provider throttled",
  "a process was killed at a delivery",
  "a process was paused past a lease",
  "a connector was held up with a segment in its hands",
  "a stale primary threw writes away",
  "a set conflicted with itself",
  "a set was not primary any more",
  "a projector was killed",
  "a projector wrote and did not hear of it",
  "a projector found that another had written",
] as const;
export type Sometimes = (typeof sometimes)[number];

export type Reached = Map<Sometimes, number>;

export function reach(reached: Reached, name: Sometimes, times = 1): void {
  if (times > 0) reached.set(name, (reached.get(name) ?? 0) + times);
}

export function addReached(sum: Reached, one: ReadonlyMap<Sometimes, number>): void {
  for (const [name, times] of one) reach(sum, name, times);
}

export function neverReached(reached: ReadonlyMap<Sometimes, number>): readonly Sometimes[] {
  return sometimes.filter((name) => !reached.has(name));
}
