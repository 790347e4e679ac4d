/** Errors of the report server as RFC 9457 problems: one table, one shape. Never an exception's text. */

interface ProblemKind {
  readonly status: 400 | 401 | 404 | 422 | 500 | 503;
  readonly title: string;
  readonly detail: string;
}

export const problems = {
  token_invalid: {
    status: 401,
    title: "The token is missing or not valid",
    detail: "Send the header 'Authorization: Bearer …' with the token of the report server.",
  },
  not_found: { status: 404, title: "Not found", detail: "There is nothing at this path." },
  validation_failed: {
    status: 422,
    title: "The request is not valid",
    detail: "Correct the parameters named in 'errors'.",
  },
  too_slow: {
    status: 503,
    title: "The question took too long",
    detail: "Ask for a shorter span, or ask PostgreSQL directly outside the limits of this server.",
  },
  unavailable: {
    status: 503,
    title: "PostgreSQL cannot be reached now",
    detail: "Nothing is lost: the events wait in their sets. Ask again after Retry-After.",
  },
  internal: { status: 500, title: "A defect on our side", detail: "The log of the report server says more." },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

/** One wrong parameter of the query, by name. */
export interface Violation {
  readonly parameter: string;
  readonly message: string;
}

const RETRY_AFTER_SECONDS = "5";

export function problemResponse(code: ProblemCode, errors?: readonly Violation[]): Response {
  const { status, title, detail } = problems[code];
  const type = `/docs/ANALYSE.md#${code}`;
  const body = JSON.stringify({ type, title, status, detail, code, ...(errors !== undefined && { errors }) });
  return new Response(body, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(status === 503 && { "retry-after": RETRY_AFTER_SECONDS }),
      ...(status === 401 && { "www-authenticate": "Bearer" }),
    },
  });
}
