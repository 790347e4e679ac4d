import { expect, test } from "bun:test";
import fc from "fast-check";
import { getCountries, getExampleNumber, isPossiblePhoneNumber } from "libphonenumber-js/min";
import examples from "libphonenumber-js/mobile/examples";
import { parseE164 } from "./e164.ts";
import { hasPossibleLength } from "./e164-lengths.ts";

const E164_SHAPE = /^\+[1-9][0-9]{6,14}$/;
const agrees = (text: string): void => {
  const possible = E164_SHAPE.test(text) && isPossiblePhoneNumber(text);
  expect(`${text} ${parseE164(text) !== undefined}`).toBe(`${text} ${possible}`);
};

const mobileNumbers = getCountries().map((country) => {
  const number = getExampleNumber(country, examples);
  if (number === undefined) throw new Error(`no example for ${country}`);
  return { callingCode: number.countryCallingCode, national: number.nationalNumber };
});

const digits = (lengths: { readonly minLength: number; readonly maxLength: number }): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), ...lengths });

test("parseE164() agrees with the library on any text that begins like a number", () => {
  fc.assert(
    fc.property(
      digits({ minLength: 0, maxLength: 16 }).map((text) => `+${text}`),
      agrees,
    ),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.string(), agrees));
});

test("parseE164() agrees with the library for every calling code, length and first digit", () => {
  fc.assert(
    fc.property(digits({ minLength: 14, maxLength: 14 }), (tail) => {
      for (let code = 1; code <= 999; code++) {
        for (let length = 2; length <= 14; length++) {
          for (let first = 0; first <= 9; first++) agrees(`+${code}${first}${tail.slice(0, length)}`);
        }
      }
    }),
    { numRuns: 2 },
  );
});

test("parseE164() agrees with the library on real numbers, cut, lengthened, or with a national prefix left in", () => {
  const real = fc.constantFrom(...mobileNumbers);
  const changed = fc.record({
    number: real,
    prefix: fc.constantFrom("", "", "0", "1", "8", "00", "011", "044"),
    keep: fc.integer({ min: 0, max: 14 }),
    tail: digits({ minLength: 0, maxLength: 4 }),
  });
  fc.assert(
    fc.property(changed, ({ number: { callingCode, national }, prefix, keep, tail }) =>
      agrees(`+${callingCode}${prefix}${national.slice(0, keep)}${tail}`),
    ),
    { numRuns: 20_000 },
  );
});

test("parseE164() takes a mobile number of every country, nearly always by its length alone", () => {
  const numbers = mobileNumbers.map(({ callingCode, national }) => `+${callingCode}${national}`);
  expect(numbers.filter((number) => parseE164(number) === undefined)).toEqual([]);
  // Curaçao and Saint Helena: Bonaire and Tristan da Cunha share their codes, and have shorter numbers.
  expect(numbers.filter((number) => !hasPossibleLength(number)).sort()).toEqual(["+29051234", "+59995181234"]);
});
