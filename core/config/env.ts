/** Reading a process's environment: strict, and one message that names every wrong variable. */
import { z } from "zod";

/** A whole number written in digits; `z.coerce` would read "" as 0. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }) {
  return z
    .string()
    .regex(/^[0-9]{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(bounds.min).max(bounds.max));
}

export const portSchema = wholeNumber({ min: 0, max: 65_535 });

export class ConfigError extends Error {
  readonly code = "config_invalid";
  readonly retryable = false;
}

/**
 * Parses the variables of `schema` out of `env`. A variable that starts with one of `prefixes` and is not in the schema
 * is an error too, so that a typing mistake does not silently mean the default. Throws ConfigError.
 */
export function readEnv<Shape extends z.ZodRawShape>(
  env: Readonly<Record<string, string | undefined>>,
  schema: z.ZodObject<Shape>,
  prefixes: readonly string[],
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name in schema.shape && value !== undefined),
  );
  const unknown = Object.keys(env).filter(
    (name) => prefixes.some((prefix) => name.startsWith(prefix)) && !(name in schema.shape),
  );
  const parsed = schema.safeParse(given);
  const problems = [
    ...unknown.map((name) => `  ${name}: is not a setting of this role`),
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`)),
  ];
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(`Cannot start as these settings are wrong:\n${problems.join("\n")}`);
  }
  return parsed.data;
}
