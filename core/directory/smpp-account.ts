/**
 * What the directory says of an account that binds to us over SMPP: its credential, its limits, and what it gets back.
 * The password has at most eight characters on the wire, so its hash holds nobody off who has stolen the directory: it
 * is to be generated, and an address list and TLS are to stand beside it.
 */
import { z } from "zod";
import { messageClasses, messageClassSchema } from "#domain/lane.ts";
import { hashSecret } from "./api-key.ts";
import { parseIpRange } from "./ip-range.ts";

/** Octets that the wire has for them, without their NUL [SMPP 3.4 §5.2.1, §5.2.2]. */
export const SYSTEM_ID_CHARS_MAX = 15;
const PASSWORD_CHARS_MAX = 8;
/** Binds of one account at one process. */
const BINDS_MAX = 64;
/** Unanswered requests of one bind, in either direction. */
export const SMPP_WINDOW_MAX = 1_000;
const SUBMITS_PER_SECOND_MAX = 10_000;
const ALLOWED_IPS_MAX = 100;

const systemIdSchema = z
  .string()
  .regex(
    new RegExp(`^[!-~]{1,${SYSTEM_ID_CHARS_MAX}}$`),
    `a systemId has 1 to ${SYSTEM_ID_CHARS_MAX} visible ASCII characters`,
  );

const ipRangeSchema = z
  .string()
  .refine(
    (text) => parseIpRange(text) !== undefined,
    "must be an IP address or a range, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32, with no bit set beyond it",
  );

export const smppAccountSchema = z.strictObject({
  /** Of one account only, over the platform. */
  systemId: systemIdSchema,
  /** See hashSmppPassword. */
  passwordSha256: z.string().regex(/^[0-9a-f]{64}$/, "must be what hashSmppPassword gives: 64 lower-case hex digits"),
  /** At one process of role `smpp`. */
  bindsMax: z.int().min(1).max(BINDS_MAX).default(4),
  /** Unanswered requests a bind: submits of theirs, and receipts and replies of ours. */
  window: z.int().min(1).max(SMPP_WINDOW_MAX).default(50),
  /** Over all binds at one process; a second's worth may come at once. */
  submitsPerSecond: z.int().min(1).max(SUBMITS_PER_SECOND_MAX).default(100),
  /** Empty: it may bind from anywhere. */
  allowedIps: z.array(ipRangeSchema).max(ALLOWED_IPS_MAX).default([]),
  /** Of a submit with priority_flag 0, and of every other whose class is not in `classes`. */
  defaultClass: messageClassSchema.default("transactional"),
  /** What a priority_flag may ask for: 1 for transactional, 2 and 3 for alert. */
  classes: z.array(messageClassSchema).default([...messageClasses]),
  /** `smpp`: of what was submitted over SMPP and asked for one; `all`: of what was sent over REST too. */
  receipts: z.enum(["none", "smpp", "all"]).default("smpp"),
  /** Whether what handsets answer goes to its binds. */
  replies: z.boolean().default(true),
  /** A submit_sm repeated with its user_message_reference makes one message, for 48 hours. */
  onceByReference: z.boolean().default(false),
  /** What data_coding 0 means. */
  alphabet: z.enum(["gsm7", "latin1"]).default("gsm7"),
});
export type SmppAccount = z.output<typeof smppAccountSchema>;

/** The systemId goes into it, so that two accounts with one password do not show it. Throws RangeError. */
export function hashSmppPassword(systemId: string, password: string): Promise<string> {
  if (password.length < 1 || password.length > PASSWORD_CHARS_MAX) {
    const rule = `its length must be 1 to ${PASSWORD_CHARS_MAX} characters`;
    throw new RangeError(`Cannot hash an SMPP password as ${rule}: current value is ${password.length}`);
  }
  return hashSecret(`${systemId}\n${password}`);
}
