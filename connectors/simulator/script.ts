/**
 * A script: phases of behaviour, by time or by count, so that a provider's bad day can be played again and again. A
 * file or a PUT of JSON: `[{"afterSeconds":0,"behaviour":{…}},{"afterSeconds":30,"behaviour":{…}}]`, or an object with
 * `seed`, `accounts` and `repeatAfterSeconds` beside `phases`.
 */
import { z } from "zod";
import { accountsSchema, systemIdSchema } from "./accounts.ts";
import { behaviourSchema } from "./behaviour.ts";

const PHASES_MAX = 1_000;
const AFTER_SECONDS_MAX = 7 * 86_400;
const afterSeconds = z.number().min(0).max(AFTER_SECONDS_MAX);

const phaseSchema = z
  .strictObject({
    name: z.string().min(1).max(60).optional(),
    /** Since the script began. */
    afterSeconds: afterSeconds.optional(),
    /** Begins with the submit that is the next after so many since the script began. */
    afterSubmits: z.int().min(0).optional(),
    /** For all accounts that have none of their own; absent: as before. What it leaves out is the default. */
    behaviour: behaviourSchema.optional(),
    /** For accounts by system_id; `null` takes an account's own behaviour away. */
    accounts: z.record(systemIdSchema, behaviourSchema.nullable()).optional(),
    /** Done once to all links when the phase begins. */
    links: z.enum(["unbind", "close", "reset", "half_open"]).optional(),
  })
  .refine((phase) => (phase.afterSeconds === undefined) !== (phase.afterSubmits === undefined), {
    error: "needs exactly one of afterSeconds and afterSubmits",
  });

const scriptObject = z
  .strictObject({
    name: z.string().min(1).max(60).optional(),
    /** The same seed and the same submits give the same answers. */
    seed: z.int().min(0).max(0xffff_ffff).optional(),
    /** Accounts that may bind; absent: as before. */
    accounts: accountsSchema.optional(),
    phases: z.array(phaseSchema).min(1).max(PHASES_MAX),
    /** Begins again so long after it began. Absent: stays in its last phase. */
    repeatAfterSeconds: afterSeconds.min(1).optional(),
  })
  .superRefine(({ phases, repeatAfterSeconds = AFTER_SECONDS_MAX }, context) => {
    for (const key of ["afterSeconds", "afterSubmits"] as const) {
      let last = 0;
      for (const [i, phase] of phases.entries()) {
        const at = phase[key] ?? last;
        if (at < last) {
          context.addIssue({
            code: "custom",
            path: ["phases", i, key],
            message: `must not be below ${last}, as before`,
          });
        }
        last = at;
      }
      if (key === "afterSeconds" && last > repeatAfterSeconds) {
        context.addIssue({ code: "custom", path: ["repeatAfterSeconds"], message: `must not be below ${last}` });
      }
    }
  });

/** A list alone is its phases. */
export const scriptSchema = z.preprocess(
  (value) => (Array.isArray(value) ? { phases: value } : value),
  scriptObject,
) as z.ZodType<z.output<typeof scriptObject>, ScriptInput>;
export type Script = z.output<typeof scriptObject>;
export type ScriptInput = z.input<typeof scriptObject> | z.input<typeof scriptObject>["phases"];
export type ScriptPhase = Script["phases"][number];
