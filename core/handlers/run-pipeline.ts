/** Runs a batch of messages through the handlers and collects what one step will commit. Pure. */
import type { MessageEvent } from "#domain/event.ts";
import type { InboxItem, SubmitItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import type { Handler, HandlerContext, MessageInWork, Outcome } from "./handler.ts";

export interface PipelineResult {
  readonly events: readonly MessageEvent[];
  readonly forwards: ReadonlyMap<Lane, readonly SubmitItem[]>;
  /** By the delay after which they are to be tried again. */
  readonly retries: ReadonlyMap<number, readonly InboxItem[]>;
}

/** A message between two handlers. What was said of it counts once it leaves: a retry says it all again. */
interface Carried {
  readonly work: MessageInWork;
  readonly said: readonly MessageEvent[];
}

/** Throws what a handler throws: a defect, which the worker isolates as poison. */
export function runPipeline(
  handlers: readonly Handler[],
  items: readonly InboxItem[],
  context: HandlerContext,
): PipelineResult {
  const events: MessageEvent[] = [];
  const forwards = new Map<Lane, SubmitItem[]>();
  const retries = new Map<number, InboxItem[]>();
  let batch: readonly Carried[] = items.map((item) => ({ work: { item }, said: [] }));

  for (const handler of handlers) {
    const works = batch.map(({ work }) => work);
    const outcomes = handler.handle(works, context);
    if (outcomes.length !== batch.length) throw new Error(`Handler ${handler.name} left messages without an outcome`);
    const next: Carried[] = [];
    outcomes.forEach((outcome, i) => {
      const carried = batch[i];
      if (carried !== undefined) settle(outcome, carried, next);
    });
    batch = next;
  }
  if (batch.length > 0) throw new Error(`The pipeline ended with ${batch.length} messages that are going nowhere`);
  return { events, forwards, retries };

  function settle(outcome: Outcome, { work: { item }, said }: Carried, next: Carried[]): void {
    switch (outcome.type) {
      case "continue":
        next.push({ work: outcome.work, said: [...said, ...outcome.events] });
        return;
      case "forward":
        events.push(...said, ...outcome.events);
        append(forwards, outcome.lane, outcome.item);
        return;
      case "reject":
        events.push(...said, rejection(item, outcome, context.now));
        return;
      case "retry":
        append(retries, outcome.afterMs, outcome.item ?? item);
        return;
      case "drop":
        events.push(...said, ...outcome.events);
        return;
    }
  }
}

function rejection(item: InboxItem, outcome: Extract<Outcome, { type: "reject" }>, at: number): MessageEvent {
  return { type: "rejected", message: item.id, at, reason: outcome.reason, detail: outcome.detail };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const held = map.get(key);
  if (held === undefined) map.set(key, [value]);
  else held.push(value);
}
