/** How `godwit sets list` shows sets: a table for people, objects for machines. Pure. */
import type { SetView } from "./sets-actions.ts";
import { toColumns } from "./table.ts";

/** With whether it is the directory's home. */
export interface ShownSet extends SetView {
  readonly isHome: boolean;
}

/** One JSON object a set. */
export function toJson({ set, region, state, isHome, store, answer }: ShownSet): object {
  return {
    set,
    region,
    state,
    home: isHome,
    address: store !== undefined,
    reachable: answer !== undefined,
    restored: answer === undefined ? null : answer.standing === "restored",
    directory: answer?.head.at?.number ?? null,
    writersOpen: answer?.writersOpen ?? null,
    lanes: answer === undefined ? null : Object.fromEntries(answer.depth),
  };
}

const HEADINGS = ["SET", "REGION", "STATE", "REACHABLE", "WRITERS", "OLDEST", "WAITING"] as const;

export function toTable(sets: readonly ShownSet[]): readonly string[] {
  return toColumns([HEADINGS, ...sets.map(toCells)]);
}

function toCells({ set, region, state, isHome, store, answer }: ShownSet): readonly string[] {
  const used = isHome ? `${state}, home` : state;
  if (answer === undefined) return [set, region, used, store === undefined ? "no address" : "no", "", "", ""];
  const lanes = [...answer.depth].sort(([a], [b]) => (a < b ? -1 : 1));
  const oldestMs = Math.max(0, ...lanes.map(([, { oldestMs }]) => oldestMs));
  const waiting = lanes.map(([lane, { items }]) => `${lane} ${items}`).join(", ");
  const shown = answer.standing === "restored" ? `${used}, restored: sends nothing` : used;
  return [
    set,
    region,
    shown,
    "yes",
    `${answer.writersOpen}`,
    lanes.length === 0 ? "" : ageOf(oldestMs),
    waiting || "-",
  ];
}

function ageOf(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
