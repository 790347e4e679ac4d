/**
 * Phone numbers and sender names. A recipient must be E.164 with its "+"; we refuse what cannot be a number at all
 * (length, country code), not what a metadata table calls invalid: such tables lag behind new ranges.
 */
import { isPossiblePhoneNumber } from "libphonenumber-js/min";
import { z } from "zod";
import { hasPossibleLength } from "./e164-lengths.ts";
import type { Brand } from "./ids.ts";

export type E164 = Brand<string, "E164">;
/** What the handset shows: a number with "+", a short code of 3-8 digits, or up to 11 GSM letters and digits. */
export type Sender = Brand<string, "Sender">;

const E164_SHAPE = /^\+[1-9][0-9]{6,14}$/;

/**
 * Agrees with the library's `isPossiblePhoneNumber`, which takes 5.6 µs for an Australian number, 11 µs for a British
 * one, and is asked only where the length does not settle it. With the table either takes 0.05 µs (0.07 on Deno).
 */
export function parseE164(text: string): E164 | undefined {
  if (!E164_SHAPE.test(text)) return undefined;
  return hasPossibleLength(text) || isPossiblePhoneNumber(text) ? (text as E164) : undefined;
}

/** Stored numbers were checked when they came in: only the shape is looked at again. */
export const e164Schema = z
  .string()
  .regex(E164_SHAPE)
  .transform((text) => text as E164);

const SHORT_CODE = /^[0-9]{3,8}$/;
const ALPHANUMERIC = /^(?=.*[A-Za-z])[A-Za-z0-9 .&_-]{1,11}$/;

export function parseSender(text: string): Sender | undefined {
  const valid = text.startsWith("+") ? parseE164(text) !== undefined : SHORT_CODE.test(text) || ALPHANUMERIC.test(text);
  return valid ? (text as Sender) : undefined;
}

/** What kind of sender a handset shows; providers and prices tell them apart. */
export const senderTypes = ["number", "short_code", "alphanumeric"] as const;
export type SenderType = (typeof senderTypes)[number];

export function senderTypeOf(sender: Sender): SenderType {
  if (sender.startsWith("+")) return "number";
  return SHORT_CODE.test(sender) ? "short_code" : "alphanumeric";
}

export const senderSchema = z
  .string()
  .min(1)
  .max(16)
  .transform((text) => text as Sender);

/** For logs: keeps the country and the last two digits. */
export type MaskedNumber = Brand<string, "MaskedNumber">;
export function maskNumber(number: string): MaskedNumber {
  return `${number.slice(0, 4)}${"*".repeat(Math.max(0, number.length - 6))}${number.slice(-2)}` as MaskedNumber;
}
