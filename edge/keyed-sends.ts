/**
 * Keyed requests of this process that are under way, one a key: who comes with a key that is under way waits for what
 * becomes of it and is answered from that. So no key is twice in one step. (It may be in two, when the first was given
 * up at its deadline: that is for the sets to decide, as between two processes.)
 */
import type { SendKeyId } from "#core/store/store.ts";
import type { CommitAnswer, KeyedSend } from "./pending-send.ts";

/** Requests that may wait for one of the same key: a client that has more of them under way is broken. */
export const REPEATS_WAITING_MAX = 100;
const RETRY_MS = 1_000;

interface UnderWay {
  readonly fingerprint: string;
  readonly answer: Promise<CommitAnswer>;
  repeats: number;
}

/** Calls `commit` unless the key is under way. Answers when `commit` does. */
export type SendOnce = (keyed: KeyedSend, commit: () => Promise<CommitAnswer>) => Promise<CommitAnswer>;

export function createSendOnce(): SendOnce {
  const underWay = new Map<SendKeyId, UnderWay>();

  async function begin({ id, fingerprint }: KeyedSend, commit: () => Promise<CommitAnswer>): Promise<CommitAnswer> {
    const answer = commit();
    underWay.set(id, { fingerprint, answer, repeats: 0 });
    try {
      return await answer;
    } finally {
      underWay.delete(id);
    }
  }

  async function repeat(first: UnderWay, { fingerprint }: KeyedSend): Promise<CommitAnswer> {
    if (first.repeats >= REPEATS_WAITING_MAX) return { type: "overloaded", retryAfterMs: RETRY_MS };
    first.repeats += 1;
    const answer = await first.answer;
    const isSame = fingerprint === first.fingerprint;
    if (answer.type === "accepted") return isSame ? { ...answer, replayed: true } : { type: "key_reused" };
    return isSame ? answer : { type: "unavailable", retryAfterMs: RETRY_MS };
  }

  return (keyed, commit) => {
    const first = underWay.get(keyed.id);
    return first === undefined ? begin(keyed, commit) : repeat(first, keyed);
  };
}
