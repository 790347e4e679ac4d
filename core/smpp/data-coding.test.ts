import { expect, test } from "bun:test";
import { alphabetOf, decodeText } from "./data-coding.ts";

test.each([
  [0x00, "gsm7"],
  [0x01, "latin1"],
  [0x02, "binary"],
  [0x03, "latin1"],
  [0x04, "binary"],
  [0x08, "ucs2"],
  [0x10, "gsm7"],
  [0x14, "binary"],
  [0x18, "ucs2"],
  [0x1c, undefined],
  [0xf0, "gsm7"],
  [0xf1, "gsm7"],
  [0xf4, "binary"],
  [0x05, undefined],
  [0x0d, undefined],
  [0xc0, undefined],
] as const)("data_coding %d is %s", (dataCoding, alphabet) => {
  expect(alphabetOf(dataCoding, "gsm7")).toBe(alphabet as never);
});

test("data_coding 0 and 0x10 are what was agreed on", () => {
  expect([alphabetOf(0, "latin1"), alphabetOf(0x10, "latin1")]).toEqual(["latin1", "latin1"]);
});

test("octets become text by their alphabet, and half a UCS-2 character none", () => {
  expect(decodeText(Uint8Array.of(0x00, 0x1b, 0x65), "gsm7")).toBe("@€");
  expect(decodeText(Uint8Array.of(0xe9), "latin1")).toBe("é");
  expect(decodeText(Uint8Array.of(0x20, 0xac), "ucs2")).toBe("€");
  expect(decodeText(Uint8Array.of(0x20), "ucs2")).toBeUndefined();
});
