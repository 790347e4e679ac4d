import { expect, test } from "bun:test";
import { getCountries, getCountryCallingCode } from "libphonenumber-js/min";
import type { E164 } from "#domain/e164.ts";
import { callingCode } from "./calling-code.ts";

test("callingCode() finds the code of every country that libphonenumber knows", () => {
  for (const country of getCountries()) {
    const code = `+${getCountryCallingCode(country)}`;
    expect(callingCode(`${code}98765432` as E164)).toBe(code);
  }
});
