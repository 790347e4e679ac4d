import { describe, expect, test } from "bun:test";
import { decodeGsm7, encodeGsm7, gsm7Septets, isGsm7 } from "./gsm7.ts";

/** TS 23.038 §6.2.1, row by row as printed there; the escape's place is left out. */
const PRINTED: readonly [firstSeptet: number, characters: string][] = [
  [0x00, "@£$¥èéùìòÇ\nØø\rÅå"],
  [0x10, "Δ_ΦΓΛΩΠΨΣΘΞ"],
  [0x1c, "ÆæßÉ"],
  [0x20, " !\"#¤%&'()*+,-./"],
  [0x30, "0123456789:;<=>?"],
  [0x40, "¡ABCDEFGHIJKLMNO"],
  [0x50, "PQRSTUVWXYZÄÖÑÜ§"],
  [0x60, "¿abcdefghijklmno"],
  [0x70, "pqrstuvwxyzäöñüà"],
];
const EXTENDED: readonly [string, number][] = [
  ["\f", 0x0a],
  ["^", 0x14],
  ["{", 0x28],
  ["}", 0x29],
  ["\\", 0x2f],
  ["[", 0x3c],
  ["~", 0x3d],
  ["]", 0x3e],
  ["|", 0x40],
  ["€", 0x65],
];

describe("gsm7", () => {
  test("every septet but the escape has its printed character, both ways", () => {
    let seen = 0;
    for (const [first, characters] of PRINTED) {
      [...characters].forEach((character, i) => {
        expect(encodeGsm7(character)).toEqual(Uint8Array.of(first + i));
        expect(decodeGsm7(Uint8Array.of(first + i))).toBe(character);
        expect(gsm7Septets(character.charCodeAt(0))).toBe(1);
        seen++;
      });
    }
    expect(seen).toBe(127);
  });

  test("an extension character is the escape and its septet, both ways", () => {
    for (const [character, septet] of EXTENDED) {
      expect(encodeGsm7(character)).toEqual(Uint8Array.of(0x1b, septet));
      expect(decodeGsm7(Uint8Array.of(0x1b, septet))).toBe(character);
      expect(gsm7Septets(character.charCodeAt(0))).toBe(2);
    }
  });

  test("isGsm7() refuses what the alphabet lacks, the escape included", () => {
    for (const text of ["ç", "`", "\t", "\u001b", "😀", "ё", "\u0000", "’"]) expect(isGsm7(text)).toBe(false);
    expect(isGsm7("")).toBe(true);
    expect(() => encodeGsm7("ok ё")).toThrow(RangeError);
  });

  test("decodeGsm7() is total on odd escapes and octets above 0x7f", () => {
    expect(decodeGsm7(Uint8Array.of(0x1b))).toBe(" ");
    expect(decodeGsm7(Uint8Array.of(0x1b, 0x1b, 0x41))).toBe(" A");
    expect(decodeGsm7(Uint8Array.of(0x1b, 0x41))).toBe("A");
    expect(decodeGsm7(Uint8Array.of(0xe9, 0x41))).toBe("\ufffdA");
  });
});
