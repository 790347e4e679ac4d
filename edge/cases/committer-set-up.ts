/** What the cases of the committer share: a committer over sets in memory and a manual clock, and ways to ask it. */
import type { SetState } from "#core/directory/set-states.ts";
import { type Step, sendKeyId } from "#core/store/store.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, SetId } from "#domain/ids.ts";
import type { MessageClass } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { type Committer, createCommitter } from "../committer.ts";
import type { CommitAnswer, KeyedSend } from "../pending-send.ts";
import type { Submission } from "../plan-step.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { createTestSet, type TestSet } from "./test-set.ts";

export function submission(text: string, recipients = 1, messageClass: MessageClass = "transactional"): Submission {
  const to = Array.from({ length: recipients }, (_, i) => `+6149157${`${i}`.padStart(4, "0")}` as E164);
  const account = `account_${text.slice(0, 1)}` as AccountId;
  return { account, class: messageClass, from: "Godwit" as Sender, to, text, encoding: "gsm7", segments: 1 };
}

/** Goes to `sets` in turn, by one list each; its messages go to the last. */
export function keyed(key: string, sets: readonly string[] = ["syd1"], fingerprint = "same"): KeyedSend {
  const account = "acme" as AccountId;
  const places = sets.map((set, i) => ({ set: set as SetId, names: [sendKeyId(account, `${key} ${i}`)] }));
  return { id: sendKeyId(account, key), fingerprint, places };
}

export interface SetUp {
  readonly clock: ManualClock;
  readonly sets: readonly TestSet[];
  readonly committer: Committer;
  /** Another edge over the same sets. */
  readonly createOther: (stateOf?: (set: SetId) => SetState) => Committer;
}

export function createSetUp(names: readonly (readonly [string, string])[] = [["syd1", "syd"]]): SetUp {
  const clock = createManualClock();
  const sets = names.map(([set, region]) => createTestSet({ set, region, clock, random: systemRandom }));
  const stores = sets.map(({ store }) => store);
  const createOther: SetUp["createOther"] = (stateOf = () => "up") =>
    createCommitter({ stores, region: "syd", stateOf, clock, random: systemRandom, log: silentLogger });
  return { clock, sets, committer: createOther(), createOther };
}

/** The n-th of a list that must have it. */
export function nth<T>(list: readonly T[], n: number): T {
  const value = list[n];
  if (value === undefined) throw new Error(`no element ${n} of ${list.length}`);
  return value;
}

/** Remembers every answer to a request, so that a second one or none would be seen. */
export function watch(committer: Committer, request: Submission, keyed?: KeyedSend): readonly CommitAnswer[] {
  const answers: CommitAnswer[] = [];
  void committer.commit(request, keyed).then((answer) => answers.push(answer));
  return answers;
}

/** The answers to each request so far, as one word each; "" while there is none. */
export const typesOf = (watched: readonly (readonly CommitAnswer[])[]): readonly string[] =>
  watched.map((answers) => answers.map(({ type }) => type).join());

export const textsOf = (step: Step): readonly string[] => (step.events ?? []).map(textOf);
const textOf = (event: MessageEvent): string => (event.type === "accepted" ? event.text : "");
