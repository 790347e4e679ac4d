/**
 * How each set stands by its own word, and until when that holds: a set that was away may come back as a copy of its
 * past, and must not send before it has said that it is none.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Standing } from "../store/store.ts";

/** What a set said of itself holds this long: longer than an election, shorter than any restore. */
const STANDING_MS_MAX = 5_000;

export interface Standings {
  learn(set: SetId, standing: Standing): void;
  isInService(set: SetId): boolean;
}

export function createStandings(deps: { readonly clock: Clock; readonly log: Logger }): Standings {
  const { clock, log } = deps;
  const heard = new Map<SetId, { readonly standing: Standing; readonly at: number }>();
  return {
    learn(set, standing) {
      const before = heard.get(set)?.standing ?? "in_service";
      heard.set(set, { standing, at: clock.monotonic() });
      if (standing === before) return;
      if (standing === "restored") log.error("set.restored", { set });
      else log.info("set.in_service", { set });
    },
    isInService(set) {
      const last = heard.get(set);
      return last?.standing === "in_service" && clock.monotonic() - last.at <= STANDING_MS_MAX;
    },
  };
}
