/** I6: what reporting holds is the fold of all events, and its rollups count every message once. */

import { canonicalJson } from "#domain/canonical-json.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { eventsByMessage, type History } from "../history.ts";
import { PROJECTOR } from "./nothing-lost.ts";

export function checkReportsEqualFold({ sets, report, waiting }: History): readonly string[] {
  const late = waiting.filter((what) => what.startsWith(PROJECTOR));
  if (waiting.length > 0) return late.map((what) => `still unread when time was up: ${what}`);
  const events = eventsByMessage(sets);
  const found: string[] = [];
  const counts = new Map<string, number>();
  for (const [id, said] of events) {
    const state = foldEvents(said);
    const held = report.states.get(id);
    if (held === undefined) found.push(`${id} is not in the reports`);
    else if (canonicalJson(held) !== canonicalJson(state)) found.push(`${id} is another in the reports`);
    const { accepted, routed } = state;
    const name = `${accepted?.account}|${accepted?.class}|${routed?.provider ?? ""}|${statusOf(state)}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const id of report.states.keys()) if (!events.has(id)) found.push(`${id} is in the reports only`);
  const rolled = new Map<string, number>();
  for (const [key, messages] of report.rollups) {
    const name = key.split("|").slice(2, 6).join("|");
    rolled.set(name, (rolled.get(name) ?? 0) + messages);
  }
  for (const name of new Set([...counts.keys(), ...rolled.keys()])) {
    const [due, is] = [counts.get(name) ?? 0, rolled.get(name) ?? 0];
    if (due !== is) found.push(`the rollup of ${name} is ${is} and not ${due}`);
  }
  return found;
}
