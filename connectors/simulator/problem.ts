/** What is wrong with an input, told so that whoever sent it can mend it. Pure. */
import type { z } from "zod";

/** One wrong field: where, in the words of the input, and what to do. */
export interface FieldProblem {
  /** E.g. `phases.0.behaviour.respDelayMs`; empty for the input as a whole. */
  readonly field: string;
  readonly problem: string;
}

export class InputError extends Error {
  readonly code = "input_invalid";
  readonly retryable = false;
  readonly status: number;
  readonly fields: readonly FieldProblem[];
  /** `message` says what cannot be done; `fields` why. */
  constructor(message: string, fields: readonly FieldProblem[] = [], status = 422) {
    const reasons = fields.map(({ field, problem }) => `\n  ${field === "" ? "it" : field}: ${problem}`);
    super(`${message}${reasons.join("")}`);
    this.name = "InputError";
    this.status = status;
    this.fields = fields;
  }
}

/** What `schema` makes of `input`. Throws InputError that names every wrong field. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, doing: string): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InputError(`Cannot ${doing}`, fieldProblems(parsed.error));
}

export function fieldProblems(error: z.ZodError): readonly FieldProblem[] {
  return error.issues.flatMap((issue) => problemsOf(issue, []));
}

type Issue = z.core.$ZodIssue;

/** Of a choice of forms, the form that was meant is the one whose trouble lies deeper than its outermost shape. */
function problemsOf(issue: Issue, above: readonly PropertyKey[]): readonly FieldProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const meant = issue.errors.find((issues) => issues.some((inner) => inner.path.length > 0 || isAboutValue(inner)));
    if (meant !== undefined) return meant.flatMap((inner) => problemsOf(inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [...path, key].join("."),
      problem: "is not known here: check its spelling",
    }));
  }
  return [{ field: path.join("."), problem: issue.message }];
}

/** The type was right, so this form was meant. */
function isAboutValue({ code }: Issue): boolean {
  return code === "too_small" || code === "too_big" || code === "unrecognized_keys" || code === "custom";
}

/** JSON out of text. Throws InputError. */
export function parseJson(text: string, doing: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new InputError(`Cannot ${doing} as it is not JSON: ${why}`, [], 400);
  }
}
