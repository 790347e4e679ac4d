/** I4: batches never change, a writer's numbers have no gaps, and a message's events are on its own set. */
import { batchId } from "#core/store/mongo/documents.ts";
import { setOfMessage } from "#domain/ids.ts";
import type { History, SetRecord } from "../history.ts";

export function checkAppendOnly(history: History): readonly string[] {
  const changed = history.observations.flatMap(({ check, what }) => (check === "append-only" ? [what] : []));
  return [
    ...new Set(changed),
    ...history.sets.flatMap(findGaps),
    ...history.sets.flatMap(findForeign),
    ...findOther(history),
  ];
}

function findGaps({ set, batches }: SetRecord): readonly string[] {
  return [...Map.groupBy(batches, ({ writer }) => writer)].flatMap(([writer, own]) => {
    const numbers = own.map(({ sequence }) => sequence).toSorted((a, b) => a - b);
    const gaps = numbers.flatMap((number, i) => (number === i + 1 ? [] : [`${set}: ${writer} has no ${i + 1}`]));
    const closed = own.find(({ kind }) => kind === "closed");
    const after = closed === undefined ? [] : own.filter(({ sequence }) => sequence > closed.sequence);
    return [...gaps.slice(0, 1), ...after.map(({ sequence }) => `${set}: ${writer} wrote ${sequence} after its end`)];
  });
}

function findForeign({ set, batches }: SetRecord): readonly string[] {
  return batches.flatMap(({ events }) =>
    events.flatMap(({ message, type }) =>
      setOfMessage(message) === set ? [] : [`${type} of ${message} is on ${set}`],
    ),
  );
}

/** What reporting read is what is there. */
function findOther({ sets, report }: History): readonly string[] {
  const held = new Map(
    sets.flatMap(({ batches }) =>
      batches.map(({ writer, sequence, events }) => [batchId(writer, sequence), JSON.stringify(events)] as const),
    ),
  );
  return [...report.read].flatMap(([id, events]) =>
    held.get(id) === events ? [] : [`batch ${id} was read as another`],
  );
}
