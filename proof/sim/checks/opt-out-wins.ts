/**
 * I12: once every set holds an opt-out, nothing is submitted there that was not below a send mark by then, and what is
 * accepted later is neither routed nor billed. At rest the last word of each handset stands on every set.
 */
import { eventsByMessage, type History, type ReplyRecord } from "../history.ts";
import { accounts } from "../sim-directory.ts";

export function checkOptOutWins(history: History): readonly string[] {
  return [...lateSubmits(history), ...lateRoutes(history), ...unheardWords(history)];
}

function lateSubmits({ submits }: History): readonly string[] {
  return submits.flatMap(({ isOptedOut, message, segment, to, at, connector }) =>
    isOptedOut
      ? [`${message}/${segment} was submitted to ${to} by ${connector} at ${at.toFixed(0)}, after its opt-out`]
      : [],
  );
}

/** Where a START came later, nobody knows from here when it was obeyed. */
function lateRoutes({ operations, optOuts, sets }: History): readonly string[] {
  const events = eventsByMessage(sets);
  const standing = new Map(optOuts.flatMap(({ pair, at, startSaidAt }) => (startSaidAt ? [] : [[pair, at] as const])));
  return operations.flatMap(({ submission: { account, to }, attempts }) => {
    const [first] = attempts;
    const out = new Set(to.filter((one) => first !== undefined && first.at > isOutSince(`${account}|${one}`)));
    const ids = new Set(attempts.flatMap(({ end }) => (end?.type === "accepted" ? end.ids : [])));
    return [...ids].flatMap((id) => {
      const said = events.get(id) ?? [];
      const isTo = said.some((event) => event.type === "accepted" && out.has(event.to));
      const isRouted = said.some(({ type }) => type === "routed" || type === "billed");
      return isTo && isRouted ? [`${id} was accepted after its recipient's opt-out, and routed`] : [];
    });
  });

  function isOutSince(pair: string): number {
    return standing.get(pair) ?? Number.POSITIVE_INFINITY;
  }
}

/** No set is ever retired here. */
function unheardWords({ replies, sets, waiting }: History): readonly string[] {
  if (waiting.length > 0) return [];
  const words = replies.filter(({ text, acknowledgedAt }) => isKeyword(text) && acknowledgedAt !== undefined);
  return [...Map.groupBy(words, pairOf)].flatMap(([pair, said]) => {
    const last = said.reduce((one, other) => (other.at > one.at ? other : one));
    const deaf = sets.filter(({ optOuts }) => optOuts.has(pair) !== (last.text === "STOP"));
    return deaf.map(({ set }) => `${pair} has said ${last.text}, and ${set} does not hold it`);
  });
}

const isKeyword = (text: string): boolean => text === "STOP" || text === "START";

function pairOf({ from, to }: ReplyRecord): string {
  return `${accounts.find(({ number }) => number === to)?.id}|${from}`;
}
