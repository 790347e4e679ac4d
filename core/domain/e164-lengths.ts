/**
 * The lengths that make a number possible whatever its digits, by calling code, read once from the library's own
 * metadata. It only ever says a sure yes. The library is left to judge a national prefix after the calling code
 * ("+44 0 20 …"), a length that not all countries of a code have (+599: Curaçao has 7 and 8, Bonaire 7), and codes
 * without a country (+870).
 */
import { getCountries, getCountryCallingCode, Metadata } from "libphonenumber-js/min";

/** Bit n of the entry of a calling code: its national numbers of n digits are possible. */
const LENGTHS_BY_CALLING_CODE = readLengths();

/** Whether "+" and digits make a possible number by length alone. After a false, ask the library. */
export function hasPossibleLength(number: string): boolean {
  // Calling codes have one to three digits, and none begins with another: the first that is known is the one.
  let callingCode = 0;
  for (let end = 1; end <= 3; end++) {
    callingCode = callingCode * 10 + Number(number.charAt(end));
    const lengths = LENGTHS_BY_CALLING_CODE.get(callingCode);
    if (lengths !== undefined) return ((lengths >> (number.length - 1 - end)) & 1) === 1;
  }
  return false;
}

function readLengths(): ReadonlyMap<number, number> {
  const byCallingCode = new Map<number, number>();
  const metadata = new Metadata();
  for (const country of getCountries()) {
    metadata.selectNumberingPlan(country);
    const lengths = (metadata.numberingPlan?.possibleLengths() ?? []).reduce((bits, length) => bits | (1 << length), 0);
    const callingCode = Number(getCountryCallingCode(country));
    // What every country of a code has: further digits decide which of them a number belongs to.
    byCallingCode.set(callingCode, lengths & (byCallingCode.get(callingCode) ?? lengths));
  }
  return byCallingCode;
}
