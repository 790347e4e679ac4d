/**
 * What every front of the edge does with a submission, HTTP and SMPP alike: the checks that need the directory, then
 * one commit. A front reads its protocol before it and words the answer after it, and does nothing else to a message.
 */

import type { Account } from "#core/directory/account.ts";
import type { Standing } from "#core/directory/account-tree.ts";
import type { Directory } from "#core/directory/directory.ts";
import { placesOfKey } from "#core/directory/keyed-set.ts";
import { sendKeyId } from "#core/store/store.ts";
import type { E164 } from "#domain/e164.ts";
import type { EdgeDeps } from "./edge-deps.ts";
import type { CommitAnswer, KeyedSend } from "./pending-send.ts";
import { eventBytes, itemBytes, type Submission } from "./plan-step.ts";
import type { Violation } from "./problem.ts";
import { INVALID_NUMBER, type ParsedBody, type Recipient } from "./schema.ts";

/** JSON of one step. A batch of events is one document of at most 16 MiB; long texts to 1,000 people need 5 MB. */
const STEP_BYTES_MAX = 8 * 1024 * 1024;

/** Who sends, by which copy of the directory, and under which name if it is to be sent once. */
export interface Sender {
  readonly account: Account;
  readonly directory: Directory;
  readonly once?: { readonly key: string; readonly fingerprint: string };
}

/** What a body cannot say, and a front may. */
export type FrontExtras = Pick<Submission, "notBefore" | "receipt" | "grouped" | "concat"> & {
  /** Of a part that its sender has cut up; else the text says. */
  readonly encoding?: Submission["encoding"];
};

export type Checked =
  | { readonly type: "invalid"; readonly errors: readonly Violation[] }
  /** The account, or one above it, may send nothing. */
  | { readonly type: "suspended" }
  | {
      readonly type: "valid";
      readonly submission: Submission;
      /** As they were written, those that are no numbers too. */
      readonly recipients: readonly Recipient[];
    };

/** The checks that the schema cannot make. Nothing is stored. */
export function checkSubmission(body: ParsedBody, sender: Sender, extras: FrontExtras): Checked {
  const standing = sender.directory.standing(sender.account.id);
  if (standing?.status !== "active") return { type: "suspended" };
  const recipients: readonly Recipient[] = "to" in body.to ? [body.to] : body.to;
  const numbers = recipients.flatMap(({ number }) => number ?? []);
  const submission = { ...toSubmission(body, sender.account, numbers), ...extras };
  const errors = [
    ...checkClass(submission, standing),
    ...checkSender(submission, sender.directory),
    ...checkRecipients(recipients, submission),
  ];
  return errors.length > 0 ? { type: "invalid", errors } : { type: "valid", submission, recipients };
}

/** Never rejects; answers within ANSWER_MS_MAX. Durable before it is `accepted`. */
export function commitSubmission(
  { committer, stores, clock }: Pick<EdgeDeps, "committer" | "stores" | "clock">,
  submission: Submission,
  { account, directory, once }: Sender,
): Promise<CommitAnswer> {
  if (once === undefined) return committer.commit(submission);
  const { key, fingerprint } = once;
  const { keyLists, stateOf } = directory;
  const configured = [...stores.values()];
  const places = placesOfKey({ account, key }, { keyLists, configured, stateOf, now: clock.now() });
  const keyed: KeyedSend = { id: sendKeyId(account.id, key), fingerprint, places };
  return committer.commit(submission, keyed);
}

function toSubmission(body: ParsedBody, account: Account, to: readonly E164[]): Submission {
  return {
    account: account.id,
    class: body.class,
    from: body.from,
    to,
    text: body.text.text,
    encoding: body.text.encoding,
    segments: body.text.segments,
    ...(body.client_reference !== undefined && { clientReference: body.client_reference }),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
    ...(body.expire_at !== undefined && { expireAt: body.expire_at }),
  };
}

function checkClass(submission: Submission, { classes }: Standing): readonly Violation[] {
  if (classes.includes(submission.class)) return [];
  const open = classes.length === 0 ? "ask whoever runs it for you" : `use ${classes.join(" or ")}`;
  const message = `${submission.class} is not open to this account: ${open}`;
  return [{ pointer: "/class", code: "class_not_allowed", message }];
}

/** A number that customers answer belongs to one account: in another's name it would catch that account's replies. */
function checkSender({ from, account }: Submission, directory: Directory): readonly Violation[] {
  const owner = directory.accountOfNumber(from);
  if (owner === undefined || owner === account) return [];
  return [{ pointer: "/from", code: "sender_not_yours", message: "is a number of another account: use one of yours" }];
}

function checkRecipients(recipients: readonly Recipient[], submission: Submission): readonly Violation[] {
  if (submission.to.length === 0) return recipients.map((_, i) => ({ pointer: `/to/${i}`, ...INVALID_NUMBER }));
  if (submission.to.length === 1) return [];
  const bytes = submission.to.length * (itemBytes(submission) + eventBytes(submission));
  if (bytes <= STEP_BYTES_MAX) return [];
  const most = Math.floor((submission.to.length * STEP_BYTES_MAX) / bytes);
  const message = `are too many for a text and metadata of this length: send to at most ${most} in one request`;
  return [{ pointer: "/to", code: "request_too_heavy", message }];
}
