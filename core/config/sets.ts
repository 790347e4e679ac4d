/** How a process is told its sets: GODWIT_SETS, JSON. Pure: the main file passes the environment in. */
import { z } from "zod";
import { setIdSchema } from "#domain/ids.ts";

const setSchema = z.strictObject({
  set: setIdSchema,
  region: z.string().min(1).max(32),
  uri: z.string().startsWith("mongodb"),
  database: z.string().min(1).max(60),
});
export type SetConfig = z.output<typeof setSchema>;

/** The variable's schema: `[{"set":"syd1","region":"syd","uri":"mongodb://…","database":"godwit"}, …]`. */
export const setsSchema = z
  .string({ error: "is required: a JSON array of {set, region, uri, database}" })
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be a JSON array of {set, region, uri, database}" });
      return z.NEVER;
    }
  })
  .pipe(z.array(setSchema).min(1).max(64))
  .refine((sets) => new Set(sets.map((set) => set.set)).size === sets.length, "names a set twice");
