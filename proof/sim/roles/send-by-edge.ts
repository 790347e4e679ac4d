/** What `POST /v1/messages` does with a request that has passed its checks. The fingerprint is the content itself. */
import { placesOfKey } from "#core/directory/keyed-set.ts";
import { sendKeyId } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { CommitAnswer } from "../../../edge/pending-send.ts";
import type { Submission } from "../../../edge/plan-step.ts";
import { DIRECTORY_AGE_MS_MAX } from "../../../edge/readiness.ts";
import { setRegions } from "../sim-directory.ts";
import type { RunningRole } from "../sim-host.ts";

export interface SendAnswer {
  readonly answer: CommitAnswer;
  /** Sets that its key had to be taken on. */
  readonly places: number;
}

export async function sendByEdge(
  { committer, directory }: NonNullable<RunningRole["edge"]>,
  clock: Clock,
  request: { readonly submission: Submission; readonly key: string | undefined },
): Promise<SendAnswer> {
  const { submission, key } = request;
  const snapshot = directory.current();
  const account = snapshot?.account(submission.account);
  if (snapshot === undefined || account === undefined || directory.ageMs() > DIRECTORY_AGE_MS_MAX) {
    return { answer: { type: "unavailable", retryAfterMs: 1_000 }, places: 0 };
  }
  if (key === undefined) return { answer: await committer.commit(submission), places: 0 };
  const { keyLists, stateOf } = snapshot;
  const configured = [...setRegions].map(([set, region]) => ({ set, region }));
  const places = placesOfKey({ account, key }, { keyLists, configured, stateOf, now: clock.now() });
  const keyed = { id: sendKeyId(submission.account, key), fingerprint: JSON.stringify(submission), places };
  return { answer: await committer.commit(submission, keyed), places: places.length };
}
