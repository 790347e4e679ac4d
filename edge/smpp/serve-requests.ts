/**
 * What a bound customer asks, and our answer: submits through the edge's one way in, queries from the events of their
 * own messages. An answer of status 0 to a submit is given only when the message is durable (invariant I8).
 */
import type { Directory } from "#core/directory/directory.ts";
import type { SmppAccount } from "#core/directory/smpp-account.ts";
import type { Pdu, PduFields, SmeAddress } from "#core/smpp/pdu.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import type { Clock } from "#domain/clock.ts";
import { sha256Hex } from "#domain/sha256.ts";
import { checkSubmission, commitSubmission, type Sender } from "../accept.ts";
import { cancelMessage } from "../cancel-message.ts";
import type { EdgeDeps } from "../edge-deps.ts";
import { DIRECTORY_AGE_MS_MAX } from "../readiness.ts";
import { type Recipient, type SubmissionSchema, toViolations } from "../schema.ts";
import { type Bind, credentialOf } from "./bound-accounts.ts";
import { queryMessage } from "./query-message.ts";
import { contentAsSent, destinationsOf, readSubmit, type SubmitRequest } from "./read-submit.ts";
import type { SmppMetrics } from "./smpp-metrics.ts";
import { smppStatus, statusOfAnswer, statusOfViolations } from "./status.ts";

export interface ServeDeps {
  readonly edge: EdgeDeps;
  readonly metrics: SmppMetrics;
  /** Of texts that are one part of several. */
  readonly partSchema: SubmissionSchema;
}

type Given = Exclude<Answer, "silent">;

/** How long the answer of who is told to slow down is kept back. */
const THROTTLED_MS = 250;

/** Never rejects on anything that a customer can send. */
export async function serveRequest(deps: ServeDeps, bind: Bind, pdu: Pdu): Promise<Answer> {
  const answer = await serve(deps, bind, pdu);
  deps.metrics.answered(pdu.command, answer.status);
  return answer;
}

async function serve(deps: ServeDeps, bind: Bind, pdu: Pdu): Promise<Given> {
  const { edge } = deps;
  const directory = edge.directory.current();
  const account = directory?.account(bind.account);
  const smpp = account?.smpp;
  if (edge.isDraining()) return { status: smppStatus.systemError };
  // The credential was withdrawn: the bind is about to end.
  if (directory === undefined || account === undefined || smpp === undefined) return { status: smppStatus.notBound };
  if (credentialOf(smpp) !== bind.credential) return { status: smppStatus.notBound };
  const within = (count: number, run: () => Promise<Given>): Promise<Given> =>
    withinLimits(edge.clock, { bind, smpp, count }, run);
  switch (pdu.command) {
    case "submit_sm":
    case "submit_multi":
    case "data_sm":
      return within(pdu.fields.dest_address?.length ?? 1, () =>
        submit(deps, pdu, { smpp, sender: { account, directory } }),
      );
    case "query_sm":
      return within(1, () => queryMessage(edge, account.id, pdu.fields));
    case "cancel_sm":
      return within(1, () => cancel(edge, { account: account.id, directory }, pdu.fields));
    case "replace_sm":
      return within(1, async () => ({ status: smppStatus.replaceFailed }));
    default:
      return within(1, async () => ({ status: smppStatus.submitFailed }));
  }
}

/** By its id alone: all that was sent from one number to another [SMPP 3.4 §4.9.1] is more than anybody means. */
async function cancel(
  edge: EdgeDeps,
  caller: Parameters<typeof cancelMessage>[1],
  { message_id: id = "" }: PduFields,
): Promise<Given> {
  const { type } = await cancelMessage(edge, caller, id);
  if (type === "cancelled") return { status: smppStatus.ok };
  return { status: type === "unavailable" ? smppStatus.systemError : smppStatus.cancelFailed };
}

/**
 * Within the customer's own window and rate; past either it is told to slow down, and not at once: as only so many of
 * its requests are in hand, one that does not listen is read that much slower, and is no burden to others.
 */
async function withinLimits(
  clock: Pick<Clock, "sleep">,
  { bind, smpp, count }: { readonly bind: Bind; readonly smpp: SmppAccount; readonly count: number },
  run: () => Promise<Given>,
): Promise<Given> {
  if (bind.inHand >= smpp.window || !bind.rate.take(count, smpp.submitsPerSecond)) {
    await clock.sleep(THROTTLED_MS);
    return { status: smppStatus.throttled };
  }
  bind.inHand += 1;
  try {
    return await run();
  } finally {
    bind.inHand -= 1;
  }
}

interface Submitter {
  readonly smpp: SmppAccount;
  readonly sender: { readonly account: Sender["account"]; readonly directory: Directory };
}

async function submit({ edge, partSchema }: ServeDeps, pdu: Pdu, { smpp, sender }: Submitter): Promise<Given> {
  if (edge.directory.ageMs() > DIRECTORY_AGE_MS_MAX) return { status: smppStatus.systemError };
  const to = destinationsOf(pdu.command, pdu.fields);
  if (typeof to === "object" && "status" in to) return to;
  const read = readSubmit(pdu.fields, to, { smpp, now: edge.clock.now() });
  if (read.type === "refused") return { status: read.status };
  const { request } = read;
  const schema = request.extras.concat === undefined ? edge.submissionSchema : partSchema;
  const parsed = schema.safeParse(request.body);
  if (!parsed.success) return { status: statusOfViolations(toViolations(parsed.error)) };

  const once = smpp.onceByReference ? await onceOf(request, pdu.fields) : undefined;
  const named = { ...sender, ...(once !== undefined && { once }) };
  const checked = checkSubmission(parsed.data, named, request.extras);
  if (checked.type === "suspended") return { status: smppStatus.submitFailed };
  if (checked.type === "invalid") return { status: statusOfViolations(checked.errors) };
  const mayPay = once !== undefined || edge.creditGate.mayPay(checked.submission, named.directory);
  if (!mayPay) return { status: smppStatus.submitFailed };
  const answer = await commitSubmission(edge, checked.submission, named);
  edge.metrics.requestEnded({
    messageClass: checked.submission.class,
    outcome: answer.type === "accepted" && answer.replayed ? "replayed" : outcomeOf(answer.type),
    messages: checked.submission.to.length,
  });
  if (answer.type !== "accepted") return { status: statusOfAnswer(answer.type, once !== undefined) };
  const fields = { message_id: answer.ids[0] ?? "" };
  if (pdu.command !== "submit_multi") return { status: smppStatus.ok, fields };
  return { status: smppStatus.ok, fields: { ...fields, unsuccess_sme: unsuccessful(pdu.fields, checked.recipients) } };
}

const outcomeOf = (type: "accepted" | "key_reused" | "overloaded" | "unavailable" | "outcome_unknown") =>
  type === "key_reused" ? "idempotency_key_reused" : type;

/** The same reference, recipients and content is the same request: its key says all three (invariant I11). */
async function onceOf({ reference }: SubmitRequest, fields: PduFields): Promise<Sender["once"]> {
  if (reference === undefined) return undefined;
  const fingerprint = await sha256Hex(contentAsSent(fields));
  return { key: `smpp:${reference}:${fingerprint}`, fingerprint };
}

/** Destinations that are no numbers, as they were written. */
function unsuccessful(fields: PduFields, recipients: readonly Recipient[]): NonNullable<PduFields["unsuccess_sme"]> {
  return recipients.flatMap(({ number }, i) => {
    const destination = fields.dest_address?.[i] as SmeAddress | undefined;
    if (number !== undefined || destination === undefined) return [];
    return [{ ...destination, error_status_code: smppStatus.invalidDestination }];
  });
}
