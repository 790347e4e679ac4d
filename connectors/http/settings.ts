/**
 * What the directory says about one provider that is reached by HTTP: its request as a template, and how its answers,
 * receipts and replies are read, all of it data. An operator's quirk is a setting here, never an `if` elsewhere.
 */
import { z } from "zod";
import { inboundReceiptStates, refusalClasses } from "../connector.ts";
import { tlsSchema } from "../tls-settings.ts";
import { pointerSchema } from "./json-pointer.ts";
import { placeholders } from "./placeholders.ts";
import { parseTemplate, type Template } from "./template.ts";

const milliseconds = z.int().positive().max(3_600_000);
const FIELDS_MAX = 64;
const NAME = /^[A-Za-z0-9_.[\]-]{1,100}$/;
/** As header names go [RFC 9110 §5.6.2], and not those that we write ourselves. */
const HEADER =
  /^(?!(?:host|content-length|transfer-encoding|connection|expect|upgrade)$)[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/i;
const PLAIN = /^[\x20-\x7e]*$/;

/** What may be said where, by its names. */
function template(known: readonly string[], max = 8_000) {
  return z
    .string()
    .max(max)
    .transform((source, context): Template => {
      const parsed = parseTemplate(source);
      const wrong = parsed === undefined ? undefined : [...parsed.names].find((name) => !known.includes(name));
      if (parsed !== undefined && wrong === undefined) return parsed;
      const message =
        parsed === undefined
          ? "has a brace that stands alone: write {{ or }} for a plain one"
          : `names {${wrong}}, and there is none: there are ${known.map((name) => `{${name}}`).join(", ")}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

const anyTemplate = template(placeholders);
/** Nothing of a customer's gets into a header: a line break there would be another header. */
const headerTemplate = z
  .string()
  .max(2_000)
  .regex(PLAIN, { error: "must be printable ASCII" })
  .pipe(template(["key"]));
const fields = z
  .record(z.string().regex(NAME), anyTemplate)
  .refine((record) => Object.keys(record).length <= FIELDS_MAX, { error: `must have at most ${FIELDS_MAX} fields` });

export type JsonTemplate =
  | { readonly template: Template }
  | { readonly literal: number | boolean | null }
  | { readonly list: readonly JsonTemplate[] }
  | { readonly object: Readonly<Record<string, JsonTemplate>> };

/** Any JSON, of which each string is a template. */
const jsonTemplate: z.ZodType<JsonTemplate> = z.lazy(() =>
  z.union([
    anyTemplate.transform((parsed) => ({ template: parsed })),
    z.union([z.number(), z.boolean(), z.null()]).transform((literal) => ({ literal })),
    z
      .array(jsonTemplate)
      .max(FIELDS_MAX)
      .transform((list) => ({ list })),
    z.record(z.string().max(200), jsonTemplate).transform((object) => ({ object })),
  ]),
);

const bodySchema = z.union(
  [z.strictObject({ json: jsonTemplate }), z.strictObject({ form: fields }), z.strictObject({ xml: anyTemplate })],
  { error: "must be { json }, { form } or { xml }, with known placeholders" },
);

/** A pattern over the whole answer, for one that is no JSON. Its group `id` may be the message's. */
const pattern = z
  .string()
  .max(500)
  .transform((source, context) => {
    try {
      return new RegExp(source, "su");
    } catch {
      context.addIssue({ code: "custom", message: "must be a regular expression" });
      return z.NEVER;
    }
  });

const answerSchema = z
  .strictObject({
    /** Any of these; absent: any from 200 to 299. */
    status: z.array(z.int().min(200).max(599)).min(1).optional(),
    /** All of these: a value by pointer, as text, is one of those. */
    where: z.record(pointerSchema, z.array(z.string()).min(1)).default({}),
    matches: pattern.optional(),
    accepted: z.strictObject({ id: pointerSchema.optional() }).optional(),
    refused: z.strictObject({ class: z.enum(refusalClasses), code: pointerSchema.optional() }).optional(),
    unclear: z.literal(true).optional(),
  })
  .refine(
    ({ accepted, refused, unclear }) => [accepted, refused, unclear].filter((said) => said !== undefined).length === 1,
    { error: "must say one of accepted, refused, unclear" },
  );
export type AnswerRule = z.output<typeof answerSchema>;

const items = pointerSchema.default("");
const callbacksSchema = z.strictObject({
  /** Part of the address that the provider is given; whoever knows it may say what became of messages. */
  secret: z.string().regex(/^[A-Za-z0-9_-]{16,200}$/, { error: "must be 16 to 200 letters, digits, _ and -" }),
  receipts: z
    .strictObject({
      /** Where one receipt is, or a list of them. */
      items,
      id: pointerSchema,
      state: pointerSchema,
      /** The provider's words, compared without regard to case. */
      states: z
        .record(z.string(), z.enum(inboundReceiptStates))
        .transform((states) => new Map(Object.entries(states).map(([word, state]) => [word.toLowerCase(), state]))),
      error: pointerSchema.optional(),
      /** ISO 8601, or seconds or milliseconds since the epoch. */
      doneAt: pointerSchema.optional(),
      from: pointerSchema.optional(),
      to: pointerSchema.optional(),
    })
    .optional(),
  replies: z.strictObject({ items, from: pointerSchema, to: pointerSchema, text: pointerSchema }).optional(),
  /** What the provider wants to read when all is well. */
  answer: z.string().max(200).default("OK"),
});
export type Callbacks = z.output<typeof callbacksSchema>;

const urlSchema = z
  .string()
  .max(2_000)
  .regex(/^https?:\/\/[^{}/?#@\s]+(?:[/?][^#\s]*)?$/, {
    error: "must be http:// or https://, a host without placeholders, and a path",
  })
  .transform((url) => {
    const secure = url.startsWith("https:");
    const [, authority = "", path = ""] = /^https?:\/\/([^/?]+)(.*)$/.exec(url) ?? [];
    const { hostname, port } = new URL(`http://${authority}`);
    return {
      secure,
      authority,
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (secure && !authority.endsWith(":80") ? 443 : 80) : Number(port),
      path: path.startsWith("/") ? path : `/${path}`,
    };
  });

export const httpSettingsSchema = z
  .strictObject({
    type: z.literal("http"),
    provider: z.string().min(1),
    /** Its path and query may have placeholders. */
    url: urlSchema,
    method: z.enum(["POST", "PUT", "GET"]).default("POST"),
    /** Of their values only `{key}` is a placeholder. */
    headers: z.record(z.string().regex(HEADER), headerTemplate).default({}),
    basic: z.strictObject({ user: z.string().max(200), password: z.string().max(200) }).optional(),
    query: fields.default({}),
    body: bodySchema.optional(),
    tls: tlsSchema.optional(),
    /** Requests at once, each on a connection of its own. */
    window: z.int().min(1).max(200).default(20),
    /** Segments a second, as contracted; absent: what the window lets through until the provider complains. */
    ratePerSecond: z.number().min(0.1).max(10_000).optional(),
    connectTimeoutMs: milliseconds.default(10_000),
    responseTimeoutMs: milliseconds.default(30_000),
    /** A connection is not used again after so much silence: many servers close theirs after 5 s. */
    idleMs: milliseconds.default(4_000),
    reconnectMinMs: milliseconds.default(1_000),
    reconnectMaxMs: milliseconds.default(60_000),
    /** What goes before an international number. */
    numberPrefix: z.enum(["+", "", "00"]).default("+"),
    /** What `{encoding}` says. */
    encodings: z.strictObject({ gsm7: z.string().default("gsm7"), ucs2: z.string().default("ucs2") }).prefault({}),
    /** The first that fits counts; where none does, its HTTP status says what it can. */
    answers: z.array(answerSchema).min(1).max(64),
    callbacks: callbacksSchema.optional(),
  })
  .refine(({ answers }) => answers.some(({ accepted }) => accepted !== undefined), {
    error: "must have an answer that says accepted",
    path: ["answers"],
  })
  .refine(({ method, body }) => method !== "GET" || body === undefined, {
    error: "must not be there with GET",
    path: ["body"],
  })
  .refine(({ tls, url }) => tls === undefined || url.secure, {
    error: "must not be there without https",
    path: ["tls"],
  });
export type HttpSettings = z.output<typeof httpSettingsSchema>;
