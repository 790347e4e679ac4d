/** What the customers remember of their answers: counts, ids to ask for, and how long a 202 took. */
import type { Clock } from "#domain/clock.ts";
import { pick, type Random } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import type { ChaosAccount } from "../stack/chaos-accounts.ts";
import type { SendAnswer } from "./customer.ts";

/** Of acknowledged ids, those that statuses are read of. */
const IDS_KEPT_MAX = 2_000;
const LATENCIES_KEPT_MAX = 5_000;
/** Fewer say nothing. */
const LATENCIES_MIN = 10;

export interface AnswerBook {
  /** By type and code, such as "info no_answer". */
  readonly counts: ReadonlyMap<string, number>;
  note(answer: SendAnswer, account: ChaosAccount): void;
  /** One of the acknowledged ids of this account. */
  pickId(account: ChaosAccount): string | undefined;
  noteMs(ms: number): void;
  /** The middle time to a 202 of those answered since `since` (monotonic); undefined when there are few. */
  medianMs(since: number): number | undefined;
}

export function createAnswerBook(clock: Clock, random: Random): AnswerBook {
  const counts = new Map<string, number>();
  const ids = new Map<string, string[]>();
  const latencies: { readonly at: number; readonly ms: number }[] = [];

  /** A sample of newer and older ones. */
  function keep(account: string, added: readonly string[]): void {
    const kept = ids.get(account) ?? [];
    ids.set(account, kept);
    for (const id of added) {
      if (kept.length < IDS_KEPT_MAX) kept.push(id);
      else kept[between(random, 0, IDS_KEPT_MAX - 1)] = id;
    }
  }

  return {
    counts,
    note(answer, account) {
      const name = answer.type === "ok" ? (answer.replayed ? "ok replayed" : "ok") : `${answer.type} ${answer.code}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (answer.type === "ok") keep(account.id, answer.ids);
    },
    pickId: (account) => pick(ids.get(account.id) ?? [], random),
    noteMs(ms) {
      latencies.push({ at: clock.monotonic(), ms });
      if (latencies.length > LATENCIES_KEPT_MAX) latencies.splice(0, LATENCIES_KEPT_MAX / 2);
    },
    medianMs(since) {
      const found = latencies.filter(({ at }) => at >= since).map(({ ms }) => ms);
      return found.length < LATENCIES_MIN ? undefined : found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
    },
  };
}
