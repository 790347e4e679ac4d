/**
 * I7: a segment is written below its mark only, and once more only after a majority was told that it is in doubt and
 * sent again, unless the provider has refused it the time before.
 */
import type { History } from "../history.ts";
import { isCutShort } from "./one-holder.ts";

export function checkNoSilentDouble({ submits, faults }: History): readonly string[] {
  const found = submits.flatMap(({ mark, message, segment, at, connector }) =>
    mark === "beyond" ? [`${message}/${segment} was written by ${connector} at ${at.toFixed(0)} beyond its mark`] : [],
  );
  for (const [name, writes] of Map.groupBy(submits, ({ message, segment }) => `${message}/${segment}`)) {
    writes.forEach((write, i) => {
      const { at, connector, resends } = write;
      const before = writes[i - 1];
      if (before === undefined || before.result === "refused" || resends > before.resends) return;
      // Who took the chunk over has said it, before the one whose lease was cut short had written; whichever was first.
      if ((isCutShort(before, faults) || isCutShort(write, faults)) && resends >= i) return;
      const times = `by ${before.connector} at ${before.at.toFixed(0)} and by ${connector} at ${at.toFixed(0)}`;
      found.push(`${name} was written ${times}, and nothing said in between that it is in doubt`);
    });
  }
  return found;
}
