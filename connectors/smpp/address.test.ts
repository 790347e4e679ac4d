import { expect, test } from "bun:test";
import { fromSmppAddress, toSmppAddress } from "./address.ts";
import type { SmppSettings } from "./settings.ts";

const RULES: SmppSettings["addresses"] = {
  international: { ton: 1, npi: 1, prefix: "" },
  alphanumeric: { ton: 5, npi: 0 },
  shortCode: { ton: 3, npi: 0 },
};

test("toSmppAddress() tells numbers, short codes and names apart", () => {
  expect(toSmppAddress("+491701234567", RULES)).toEqual({ ton: 1, npi: 1, address: "491701234567" });
  expect(toSmppAddress("491701234567", RULES)).toEqual({ ton: 1, npi: 1, address: "491701234567" });
  expect(toSmppAddress("72345", RULES)).toEqual({ ton: 3, npi: 0, address: "72345" });
  expect(toSmppAddress("Shop 24", RULES)).toEqual({ ton: 5, npi: 0, address: "Shop 24" });
});

test("fromSmppAddress() gives a '+' to what looks like E.164 and leaves the rest", () => {
  expect(fromSmppAddress({ ton: 1, npi: 1, address: "491701234567" })).toBe("+491701234567");
  expect(fromSmppAddress({ ton: 0, npi: 1, address: "491701234567" })).toBe("+491701234567");
  expect(fromSmppAddress({ ton: 0, npi: 0, address: "+491701234567" })).toBe("+491701234567");
  expect(fromSmppAddress({ ton: 0, npi: 0, address: "00491701234567" })).toBe("+491701234567");
  expect(fromSmppAddress({ ton: 2, npi: 1, address: "01701234567" })).toBe("01701234567");
  expect(fromSmppAddress({ ton: 3, npi: 0, address: "72345" })).toBe("72345");
  expect(fromSmppAddress({ ton: 0, npi: 0, address: "72345" })).toBe("72345");
  expect(fromSmppAddress({ ton: 5, npi: 0, address: "Shop" })).toBe("Shop");
});

test("a sender survives the way there and back", () => {
  for (const sender of ["+491701234567", "+6421123456", "72345", "Shop 24"]) {
    expect(fromSmppAddress(toSmppAddress(sender, RULES))).toBe(sender);
  }
});
