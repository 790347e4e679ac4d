/**
 * Every error of the API as an RFC 9457 problem: one table, one shape. `type` points to the row of docs/INTEGRATE.md
 * that says what to do. A problem never holds an exception's text, nor anything about another account.
 */
import type { Random } from "#domain/random.ts";

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What happened and what to do now. */
  readonly detail: string;
  /** The same request may succeed later, and sending it again cannot send a message twice. */
  readonly retryable: boolean;
}

export const problems = {
  invalid_json: {
    status: 400,
    title: "The body is not JSON",
    detail: "Send one JSON object, encoded in UTF-8.",
    retryable: false,
  },
  idempotency_key_invalid: {
    status: 400,
    title: "The header Idempotency-Key is not valid",
    detail: "Nothing was sent. Send one key of visible ASCII characters, such as a UUID of your own.",
    retryable: false,
  },
  key_missing: {
    status: 401,
    title: "No API key",
    detail: "Send the header 'Authorization: Bearer gw_live_…' with a key of your account.",
    retryable: false,
  },
  key_invalid: {
    status: 401,
    title: "The API key is not valid",
    detail: "Check that the key is complete and has not been withdrawn.",
    retryable: false,
  },
  key_expired: {
    status: 401,
    title: "The API key has expired",
    detail: "Use a newer key of the account, or have one made.",
    retryable: false,
  },
  insufficient_credit: {
    status: 402,
    title: "The account cannot pay for it",
    detail: "Nothing was sent. Pay in, or ask whoever runs the account for you, and send it again.",
    retryable: false,
  },
  key_scope: {
    status: 403,
    title: "The API key is not good for this",
    detail: "Use a key with the scope: 'send' to send and to take back, 'read' to ask what became of a message.",
    retryable: false,
  },
  account_suspended: {
    status: 403,
    title: "The account may not send now",
    detail: "Nothing was sent. What was accepted before goes on. Ask whoever runs the account for you.",
    retryable: false,
  },
  not_found: {
    status: 404,
    title: "Not found",
    detail: "There is nothing at this path for your account.",
    retryable: false,
  },
  method_not_allowed: {
    status: 405,
    title: "Method not allowed",
    detail: "Use one of the methods in the Allow header.",
    retryable: false,
  },
  too_late_to_cancel: {
    status: 409,
    title: "The message cannot be cancelled any more",
    detail: "Only a scheduled message can be, until its time comes. GET it to see where it stands.",
    retryable: false,
  },
  body_too_large: {
    status: 413,
    title: "The body is too large",
    detail: "Split the recipients over several requests.",
    retryable: false,
  },
  unsupported_media_type: {
    status: 415,
    title: "The body has the wrong type",
    detail: "Send 'Content-Type: application/json' and no Content-Encoding.",
    retryable: false,
  },
  validation_failed: {
    status: 422,
    title: "The request is not valid",
    detail: "Nothing was sent. Correct the fields named in 'errors' and send it again.",
    retryable: false,
  },
  idempotency_key_reused: {
    status: 422,
    title: "The Idempotency-Key belongs to another request",
    detail:
      "Nothing was sent. An earlier request had this key and another content: repeat it as it was, or take a new key.",
    retryable: false,
  },
  internal: {
    status: 500,
    title: "A defect on our side",
    detail: "Report it with the request_id.",
    retryable: false,
  },
  overloaded: {
    status: 503,
    title: "Too many messages are waiting",
    detail: "Nothing was sent. Send the same request again after Retry-After.",
    retryable: true,
  },
  unavailable: {
    status: 503,
    title: "No storage can take messages now",
    detail: "Nothing was sent. Send the same request again after Retry-After.",
    retryable: true,
  },
  outcome_unknown: {
    status: 503,
    title: "The messages may or may not have been accepted",
    detail:
      "Do not send again yet: ask for the 'ids' after Retry-After; those still 404 a minute later were not accepted.",
    retryable: false,
  },
  set_unavailable: {
    status: 503,
    title: "The message's storage cannot be reached now",
    detail: "The message is safe. Ask again after Retry-After.",
    retryable: true,
  },
  directory_stale: {
    status: 503,
    title: "Our copy of the accounts is too old to send by",
    detail: "Nothing was sent. Send the same request again after Retry-After.",
    retryable: true,
  },
  not_ready: {
    status: 503,
    title: "Starting",
    detail: "The accounts are not loaded yet. Send the same request again after Retry-After.",
    retryable: true,
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

/** One wrong field, by JSON pointer (RFC 6901); "" is the whole body. */
export interface Violation {
  readonly pointer: string;
  readonly code: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

export interface ProblemExtra {
  readonly detail?: string;
  readonly errors?: readonly Violation[];
  /** Further members of the document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number;
  /** Where this one differs from its kind. */
  readonly retryable?: boolean;
}

/** A 503 always says when to come back. */
const RETRY_AFTER_MS_DEFAULT = 2_000;
/** Whole seconds of jitter on Retry-After, so that refused clients do not return together. */
const RETRY_JITTER_SECONDS = 3;

export function problemResponse(
  code: ProblemCode,
  context: { readonly requestId: string; readonly random: Random },
  extra: ProblemExtra = {},
): Response {
  const { status, title, detail, retryable } = problems[code];
  const document = {
    type: `/docs/INTEGRATE.md#${code}`,
    title,
    status,
    detail: extra.detail ?? detail,
    code,
    retryable: extra.retryable ?? retryable,
    request_id: context.requestId,
    ...(extra.errors !== undefined && { errors: extra.errors }),
    ...extra.members,
  };
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "x-request-id": context.requestId,
    ...extra.headers,
  };
  if (status === 503) headers["retry-after"] = retryAfter(extra.retryAfterMs, context.random);
  return new Response(JSON.stringify(document), { status, headers });
}

function retryAfter(ms: number | undefined, random: Random): string {
  const seconds = Math.max(1, Math.ceil((ms ?? RETRY_AFTER_MS_DEFAULT) / 1_000));
  return `${seconds + Math.floor(random.fraction() * RETRY_JITTER_SECONDS)}`;
}
