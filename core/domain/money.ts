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

export const currencySchema = z.string().regex(/^[A-Z]{3}$/);

export function toMicros(text: MicrosText): Micros {
  return BigInt(text) as Micros;
}

export function toMicrosText(micros: Micros): MicrosText {
  return micros.toString() as MicrosText;
}

/** Price of `units` at `each`. Exact: no rounding can happen. */
export function multiplyMicros(each: Micros, units: number): Micros {
  return (each * BigInt(units)) as Micros;
}
