/**
 * What a provider's HTTP answer means for the segment: by its link's rules first, then by what its status promises
 * [RFC 9110 §15]. Only what says that nothing was taken is a refusal; all else is unclear, and in doubt. Pure.
 */
import { isRetryable, type RefusalClass, type SubmitResult } from "../connector.ts";
import { readPointer, readText } from "./json-pointer.ts";
import type { AnswerRule, HttpSettings } from "./settings.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const UNCLEAR: SubmitResult = { type: "unknown", reason: "answer_unclear" };

export function judgeAnswer(answer: HttpAnswer, { answers }: Pick<HttpSettings, "answers">): SubmitResult {
  const json = parseJson(answer.body);
  for (const rule of answers) {
    const groups = fits(rule, answer, json);
    if (groups !== undefined) return apply(rule, answer, json, groups);
  }
  const refusal = classifyHttpStatus(answer.status);
  return refusal === undefined ? UNCLEAR : refused(answer.status, refusal);
}

/** The named groups of its pattern; undefined: it does not fit. */
function fits(
  rule: AnswerRule,
  { status, body }: HttpAnswer,
  json: unknown,
): Readonly<Record<string, string>> | undefined {
  if (rule.status === undefined ? status < 200 || status > 299 : !rule.status.includes(status)) return undefined;
  for (const [pointer, wanted] of Object.entries(rule.where)) {
    const found = readPointer(json, pointer);
    const text = found === null ? "null" : readText(json, pointer);
    if (text === undefined || !wanted.includes(text)) return undefined;
  }
  if (rule.matches === undefined) return {};
  const match = rule.matches.exec(body);
  return match === null ? undefined : (match.groups ?? {});
}

function apply(
  { accepted, refused: refusal }: AnswerRule,
  { status }: HttpAnswer,
  json: unknown,
  groups: Readonly<Record<string, string>>,
): SubmitResult {
  if (accepted !== undefined) {
    const id = accepted.id === undefined ? groups.id : readText(json, accepted.id);
    // Taken, by all that it says; without an id its receipt will fit nothing, which an operator sees.
    return { type: "accepted", providerMessageId: id ?? "" };
  }
  if (refusal === undefined) return UNCLEAR;
  const code = refusal.code === undefined ? Number.NaN : Number(readText(json, refusal.code));
  return refused(Number.isSafeInteger(code) ? code : status, refusal.class);
}

function refused(status: number, refusal: RefusalClass): SubmitResult {
  return { type: "refused", status, class: refusal, retryable: isRetryable(refusal) };
}

/**
 * undefined: it may have been taken. That is every 2xx that no rule reads; 408 and 5xx but 503, as who answers so may
 * have done the work, or passed it on to one that did.
 */
export function classifyHttpStatus(status: number): RefusalClass | undefined {
  if (status === 503) return "transient";
  if (status < 300 || status >= 500 || status === 408) return undefined;
  // Moved: nobody follows it, as a message goes only where its settings say.
  if (status < 400) return "request";
  if (status === 429) return "throttle";
  if (status === 425) return "transient";
  if (status === 401 || status === 402 || status === 403 || status === 407) return "account";
  return status === 409 ? "ambiguous" : "request";
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
