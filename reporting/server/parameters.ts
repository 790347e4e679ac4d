/**
 * Query parameters: every wrong one is named, unknown ones too, so that a typing mistake is not a different question.
 */
import { z } from "zod";
import type { ParameterType, QuestionParameter } from "../questions/parse-question.ts";
import type { Violation } from "./problem.ts";

export type Parsed<T> =
  | { readonly type: "valid"; readonly value: T }
  | { readonly type: "invalid"; readonly errors: readonly Violation[] };

/** Years that PostgreSQL knows too, with room for reports of long ago. */
const OUR_TIME = "must be of the years 1900 to 2199";
function isOfOurTime(text: string): boolean {
  return /^(19|20|21)\d\d-/.test(text);
}

/** A moment with its offset: a report must not depend on whose time zone it is. */
export const momentSchema = z.iso
  .datetime({ offset: true, error: "must be a moment with an offset, such as 2026-03-01T00:00:00Z" })
  .max(40)
  .refine(isOfOurTime, OUR_TIME);
const INTEGER_MAX = 1_000_000_000;

const schemas: Readonly<Record<ParameterType, z.ZodType<string>>> = {
  timestamptz: momentSchema,
  date: z.iso.date("must be a day, such as 2026-03-01").refine(isOfOurTime, OUR_TIME),
  integer: z
    .string()
    .regex(/^[0-9]{1,10}$/, "must be a whole number")
    .refine((text) => Number(text) <= INTEGER_MAX, `must be at most ${INTEGER_MAX}`),
  text: z
    .string()
    .max(500, "must have at most 500 characters")
    .refine((text) => !text.includes("\0"), "must not hold U+0000"),
};

/** The values of a question's parameters, in their order. */
export function parseParameters(
  parameters: readonly QuestionParameter[],
  given: Readonly<Record<string, string>>,
): Parsed<readonly string[]> {
  const shape = Object.fromEntries(
    parameters.map(({ name, type, default: byDefault }) => {
      const schema = schemas[type];
      return [name, byDefault === undefined ? schema : schema.default(byDefault)];
    }),
  );
  const parsed = parseQuery(z.strictObject(shape), given);
  if (parsed.type === "invalid") return parsed;
  return { type: "valid", value: parameters.map(({ name }) => String(parsed.value[name])) };
}

export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  given: Readonly<Record<string, string>>,
): Parsed<z.output<Schema>> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { type: "valid", value: parsed.data };
  const errors = parsed.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((parameter) => ({ parameter, message: "is not a parameter here" }));
    }
    const parameter = String(issue.path[0]);
    return [{ parameter, message: given[parameter] === undefined ? "is required" : issue.message }];
  });
  return { type: "invalid", errors };
}
