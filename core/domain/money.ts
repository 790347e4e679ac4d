/**
 * Money is a whole number of micros (1e-6 of a currency unit) in a bigint; on the wire and at rest a decimal string.
 */
import { z } from "zod";
import type { Brand } from "./ids.ts";

export type Micros = Brand<bigint, "Micros">;
/** The form in events, chunks and JSON: "45000" is 0.045 of the account's currency. */
export type MicrosText = Brand<string, "MicrosText">;

export const microsTextSchema = z
  .string()
  .regex(/^-?[0-9]{1,18}$/)
  .transform((text) => text as MicrosText);

export const currencySchema = z.string().regex(/^[A-Z]{3}$/, "a currency is three capital letters, such as EUR");

export function toMicros(text: MicrosText): Micros {
  return BigInt(text) as Micros;
}

export function toMicrosText(micros: Micros): MicrosText {
  return micros.toString() as MicrosText;
}

const AMOUNT = /^(-?)([0-9]{1,12})(?:\.([0-9]{1,6}))?$/;
const DECIMALS = 6;
/** What people write, in units of the currency: "12.5". Undefined: it is none, or finer than a micro. */
export function parseAmount(text: string): Micros | undefined {
  const match = AMOUNT.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  const micros = BigInt(whole + fraction.padEnd(DECIMALS, "0"));
  return (sign === "-" ? -micros : micros) as Micros;
}

/** As people read it: two decimals, and more only where they say something. */
export function formatAmount(micros: Micros): string {
  const size = (micros < 0n ? -micros : micros).toString().padStart(DECIMALS + 1, "0");
  const fraction = size.slice(-DECIMALS).replace(/0{1,4}$/, "");
  return `${micros < 0n ? "-" : ""}${size.slice(0, -DECIMALS)}.${fraction}`;
}

/** Price of `units` at `each`. Exact: no rounding can happen. */
export function multiplyMicros(each: Micros, units: number): Micros {
  return (each * BigInt(units)) as Micros;
}
