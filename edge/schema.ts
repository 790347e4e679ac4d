/**
 * The body of `POST /v1/messages`: unknown JSON → a checked submission, or every wrong field by JSON pointer. Strict: a
 * field that we do not know is an error, so that a typing mistake is not a message without its expiry.
 */
import { z } from "zod";
import type { Clock } from "#domain/clock.ts";
import { type E164, parseE164, parseSender } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { messageClasses, messageClassSchema } from "#domain/lane.ts";
import {
  CLIENT_REFERENCE_CHARS_MAX,
  EXPIRY_HOURS_MAX,
  METADATA_KEY_CHARS_MAX,
  METADATA_KEYS_MAX,
  METADATA_VALUE_CHARS_MAX,
  RECIPIENTS_MAX,
  SEGMENTS_MAX,
  TEXT_CHARS_MAX,
} from "#domain/limits.ts";
import type { Violation } from "./problem.ts";

/** A recipient as the caller wrote it; `number` is absent when it is none. */
export interface Recipient {
  readonly to: string;
  readonly number: E164 | undefined;
}

/** Control characters that no handset shows, and U+FFFD: what is left of bytes that were not UTF-8. */
const UNSENDABLE = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\ufffd]/;
/** The second half of a surrogate pair at the beginning, and the first half of one at the end. */
const CUT_PAIRS = /^[\udc00-\udfff]|[\ud800-\udbff]$/g;
const UNPRINTABLE = /[\u0000-\u001f\u007f\ufffd]/;
const METADATA_KEY = new RegExp(`^[A-Za-z][A-Za-z0-9_.-]{0,${METADATA_KEY_CHARS_MAX - 1}}$`);
const HOUR_MS = 3_600_000;
/** Named violations of one request; a client that gets this many has a defect, not a typing mistake. */
const VIOLATIONS_MAX = 1_000;

export const INVALID_NUMBER = {
  code: "invalid_number",
  message: "must be a phone number in E.164 form: + and the country code, digits only, such as +61491570006",
} as const;

type Refuse = (code: string, message: string, path?: (string | number)[]) => undefined;

/** A field whose own function checks it: `undefined` after a call of `refuse`. */
function field<T>(check: (value: unknown, refuse: Refuse) => T | undefined) {
  return z.unknown().transform((value, context): T => {
    const refuse: Refuse = (code, message, path = []) => {
      context.addIssue({ code: "custom", message, params: { code }, path });
    };
    const result = check(value, refuse);
    return result === undefined ? z.NEVER : result;
  });
}

/**
 * `clock` decides what "in the future" means. The output's `text` is segmented already. `ofParts`: the text is one part
 * of several, and whoever cut it may have cut a surrogate pair; on the handset it is whole again.
 */
export function createSubmissionSchema(clock: Clock, { ofParts = false }: { readonly ofParts?: boolean } = {}) {
  return z.strictObject({
    to: field(checkTo),
    from: field(checkFrom),
    text: field((value, refuse) => checkText(value, refuse, ofParts)),
    class: messageClassSchema.default("transactional"),
    client_reference: field(checkReference).optional(),
    metadata: field(checkMetadata).optional(),
    expire_at: field((value, refuse) => checkExpiry(value, clock.now(), refuse)).optional(),
  });
}
export type SubmissionSchema = ReturnType<typeof createSubmissionSchema>;
export type ParsedBody = z.output<SubmissionSchema>;

function checkTo(value: unknown, refuse: Refuse): Recipient | readonly Recipient[] | undefined {
  if (typeof value === "string") {
    const number = parseE164(value);
    return number === undefined ? refuse(INVALID_NUMBER.code, INVALID_NUMBER.message) : { to: value, number };
  }
  if (!Array.isArray(value)) return refuseType(value, "a phone number or an array of them", refuse);
  if (value.length < 1 || value.length > RECIPIENTS_MAX) {
    return refuse("wrong_count", `must hold 1 to ${RECIPIENTS_MAX} phone numbers: this has ${value.length}`);
  }
  let wrong = false;
  const recipients: Recipient[] = [];
  for (const [i, to] of value.entries()) {
    if (typeof to === "string") recipients.push({ to, number: parseE164(to) });
    else {
      wrong = true;
      refuse("invalid_type", "must be a string", [i]);
    }
  }
  return wrong ? undefined : recipients;
}

function checkFrom(value: unknown, refuse: Refuse) {
  if (typeof value !== "string") return refuseType(value, "a string", refuse);
  return (
    parseSender(value) ??
    refuse(
      "invalid_sender",
      "must be a phone number with +, a short code of 3 to 8 digits, or up to 11 letters and digits (one a letter)",
    )
  );
}

function checkText(value: unknown, refuse: Refuse, isPart: boolean) {
  if (typeof value !== "string") return refuseType(value, "a string", refuse);
  if (value === "") return refuse("empty", "must not be empty");
  if (value.length > TEXT_CHARS_MAX) {
    return refuse("text_too_long", `must have at most ${TEXT_CHARS_MAX} characters: this has ${value.length}`);
  }
  const whole = isPart ? value.replace(CUT_PAIRS, "") : value;
  if (UNSENDABLE.test(value) || !whole.isWellFormed()) {
    return refuse(
      "invalid_characters",
      "must be UTF-8 text without control characters other than line breaks and tabs",
    );
  }
  const { encoding, parts } = segmentText(value);
  if (parts.length > SEGMENTS_MAX) {
    return refuse("text_too_long", `must fit ${SEGMENTS_MAX} segments: in ${encoding} this takes ${parts.length}`);
  }
  return { text: value, encoding, segments: parts.length };
}

function checkReference(value: unknown, refuse: Refuse): string | undefined {
  if (typeof value !== "string") return refuseType(value, "a string", refuse);
  return isPrintable(value, CLIENT_REFERENCE_CHARS_MAX)
    ? value
    : refuse("invalid_reference", `must have 1 to ${CLIENT_REFERENCE_CHARS_MAX} characters and no control characters`);
}

function checkMetadata(value: unknown, refuse: Refuse): Readonly<Record<string, string>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuseType(value, "an object of strings", refuse);
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  if (entries.length > METADATA_KEYS_MAX) {
    return refuse("wrong_count", `must have at most ${METADATA_KEYS_MAX} keys: this has ${entries.length}`);
  }
  const metadata: Record<string, string> = {};
  let wrong = false;
  for (const [key, text] of entries) {
    if (!METADATA_KEY.test(key)) {
      wrong = true;
      const rule = `must start with a letter and have at most ${METADATA_KEY_CHARS_MAX} letters, digits, _ . or -`;
      refuse("invalid_key", `the key ${rule}`, [key]);
    } else if (typeof text !== "string" || !isPrintable(text, METADATA_VALUE_CHARS_MAX, 0)) {
      wrong = true;
      const rule = `a string of at most ${METADATA_VALUE_CHARS_MAX} characters without control characters`;
      refuse("invalid_value", `must be ${rule}`, [key]);
    } else metadata[key] = text;
  }
  return wrong ? undefined : metadata;
}

function isPrintable(text: string, charsMax: number, charsMin = 1): boolean {
  return text.length >= charsMin && text.length <= charsMax && !UNPRINTABLE.test(text) && text.isWellFormed();
}

function checkExpiry(value: unknown, now: number, refuse: Refuse): number | undefined {
  const at = typeof value === "string" ? parseRfc3339(value) : undefined;
  if (at === undefined) {
    return refuse("invalid_time", "must be an RFC 3339 time with its offset, such as 2030-01-31T09:30:00+10:00");
  }
  if (at <= now) return refuse("expiry_past", "must be in the future");
  return at <= now + EXPIRY_HOURS_MAX * HOUR_MS
    ? at
    : refuse("expiry_too_far", `must be at most ${EXPIRY_HOURS_MAX} hours ahead`);
}

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Milliseconds since the epoch. The day is checked here: engines differ on 30 February. Leap seconds are refused. */
function parseRfc3339(text: string): number | undefined {
  const upper = text.toUpperCase();
  const [matched, year, month, day] = RFC_3339.exec(upper) ?? [];
  if (matched === undefined) return undefined;
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > daysInMonth) return undefined;
  const at = Date.parse(upper);
  return Number.isNaN(at) ? undefined : at;
}

function refuseType(value: unknown, expected: string, refuse: Refuse): undefined {
  return value === undefined
    ? refuse("required", `is required: ${expected}`)
    : refuse("invalid_type", `must be ${expected}`);
}

/** The schema's issues in the API's words, at most VIOLATIONS_MAX of them. */
export function toViolations(error: z.ZodError): readonly Violation[] {
  return error.issues.flatMap(toViolation).slice(0, VIOLATIONS_MAX);
}

function toViolation(issue: z.core.$ZodIssue): readonly Violation[] {
  const pointer = toPointer(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        pointer: toPointer([...issue.path, key]),
        code: "unknown_field",
        message: "is not a field of this request: remove it or check its spelling",
      }));
    case "invalid_value":
      return [{ pointer, code: "invalid_choice", message: `must be one of ${messageClasses.join(", ")}` }];
    case "custom":
      return [{ pointer, code: String(issue.params?.code), message: issue.message }];
    default:
      return [{ pointer, code: "invalid_type", message: "must be a JSON object with the fields of a message" }];
  }
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
