/** I12: once every set holds an opt-out, nothing is submitted there that was not below a send mark by then. */
import type { History } from "../history.ts";

export function checkOptOutWins({ submits }: History): readonly string[] {
  return submits.flatMap(({ isOptedOut, message, segment, to, at, connector }) =>
    isOptedOut
      ? [`${message}/${segment} was submitted to ${to} by ${connector} at ${at.toFixed(0)}, after its opt-out`]
      : [],
  );
}
