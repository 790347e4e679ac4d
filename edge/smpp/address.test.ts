import { expect, test } from "bun:test";
import { toRecipient, toSender, toSmppAddress } from "./address.ts";

test.each([
  [1, "61491570006", "+61491570006"],
  [0, "61491570006", "+61491570006"],
  [0, "0061491570006", "+61491570006"],
  [1, "+61491570006", "+61491570006"],
  [2, "0491570006", "+0491570006"],
  [5, "Shop", "Shop"],
  [0, "", ""],
])("a recipient of type %d, '%s', is '%s'", (ton, address, ours) => {
  expect(toRecipient({ ton, address })).toBe(ours);
});

test.each([
  [5, "Shop", "Shop"],
  [5, "12345", "12345"],
  [1, "61480000001", "+61480000001"],
  [0, "61480000001", "+61480000001"],
  [0, "+61480000001", "+61480000001"],
  [0, "12345", "12345"],
  [3, "12345", "12345"],
  [1, "12345", "+12345"],
  [0, "Shop", "Shop"],
])("a sender of type %d, '%s', is '%s'", (ton, address, ours) => {
  expect(toSender({ ton, address })).toBe(ours);
});

test("our addresses come back with the type that says what they are", () => {
  expect(toSmppAddress("+61491570006")).toEqual({ ton: 1, npi: 1, address: "61491570006" });
  expect(toSmppAddress("12345")).toEqual({ ton: 3, npi: 0, address: "12345" });
  expect(toSmppAddress("0491570006")).toEqual({ ton: 0, npi: 1, address: "0491570006" });
  expect(toSmppAddress("Shop")).toEqual({ ton: 5, npi: 0, address: "Shop" });
});
