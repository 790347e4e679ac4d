import { expect, test } from "bun:test";
import fc from "fast-check";
import { normaliseProviderMessageId } from "./provider-message-id.ts";

test("hex in the answer and zero-padded decimal in the receipt meet", () => {
  expect(normaliseProviderMessageId("1A2B", "hex")).toBe("6699");
  expect(normaliseProviderMessageId("0x1a2b", "hex")).toBe("6699");
  expect(normaliseProviderMessageId(" 0000006699", "decimal")).toBe("6699");
  expect(normaliseProviderMessageId("0", "decimal")).toBe("0");
});

test("strings are only trimmed: ids in base 62 differ by case and zeros", () => {
  expect(normaliseProviderMessageId(" aB0 ", "string")).toBe("aB0");
  expect(normaliseProviderMessageId("007", "string")).toBe("007");
});

test("what is not the number it should be stays as it came", () => {
  expect(normaliseProviderMessageId("12-AB", "hex")).toBe("12-AB");
  expect(normaliseProviderMessageId("12AB", "decimal")).toBe("12AB");
  expect(normaliseProviderMessageId("", "hex")).toBe("");
});

test("any number meets itself across forms, however long, padded or cased", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), fc.nat(12), (id, zeros) => {
      const hex = "0".repeat(zeros) + id.toString(16);
      const decimal = "0".repeat(zeros) + id.toString();
      expect(normaliseProviderMessageId(hex.toUpperCase(), "hex")).toBe(id.toString());
      expect(normaliseProviderMessageId(decimal, "decimal")).toBe(id.toString());
    }),
  );
});
