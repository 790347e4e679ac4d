/**
 * Phone numbers and sender names. A recipient must be E.164 with its "+"; we refuse what cannot be a number at all
 * (length, country code), not what a metadata table calls invalid: such tables lag behind new ranges.
 */
import { isPossiblePhoneNumber } from "libphonenumber-js/min";
import { z } from "zod";
import type { Brand } from "./ids.ts";

export type E164 = Brand<string, "E164">;
/** What the handset shows: a number with "+", a short code of 3-8 digits, or up to 11 GSM letters and digits. */
export type Sender = Brand<string, "Sender">;

const E164_SHAPE = /^\+[1-9][0-9]{6,14}$/;

export function parseE164(text: string): E164 | undefined {
  return E164_SHAPE.test(text) && isPossiblePhoneNumber(text) ? (text as E164) : undefined;
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
