/** The country calling code of a number: ITU-T E.164 assigns them prefix-free, with one to three digits. */
import type { E164 } from "#domain/e164.ts";

/** World zones 2 to 9, row by row: the codes of two digits. */
const TWO_DIGITS = new Set([
  ...["20", "27"],
  ...["30", "31", "32", "33", "34", "36", "39"],
  ...["40", "41", "43", "44", "45", "46", "47", "48", "49"],
  ...["51", "52", "53", "54", "55", "56", "57", "58"],
  ...["60", "61", "62", "63", "64", "65", "66"],
  ...["81", "82", "84", "86"],
  ...["90", "91", "92", "93", "94", "95", "98"],
]);

/** "+61" for "+61412345678". Countries may share one: +1 is North America, +7 Russia and Kazakhstan. */
export function callingCode(number: E164): string {
  const first = number.charAt(1);
  if (first === "1" || first === "7") return `+${first}`;
  return TWO_DIGITS.has(number.slice(1, 3)) ? number.slice(0, 3) : number.slice(0, 4);
}
