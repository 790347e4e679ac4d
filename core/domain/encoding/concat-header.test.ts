import { describe, expect, test } from "bun:test";
import { concatHeader, parseUserDataHeader } from "./concat-header.ts";

const CONTENT = Uint8Array.of(0x61, 0x62);
const withContent = (...header: number[]): Uint8Array => Uint8Array.of(...header, ...CONTENT);

describe("concat header", () => {
  test("is 05 00 03 reference total index", () => {
    expect(concatHeader({ reference: 0x1ff, total: 3, index: 2 })).toEqual(Uint8Array.of(5, 0, 3, 0xff, 3, 2));
    expect(() => concatHeader({ reference: 1, total: 2, index: 3 })).toThrow(RangeError);
    expect(() => concatHeader({ reference: 1, total: 256, index: 1 })).toThrow(RangeError);
  });

  test("parseUserDataHeader() reads 8- and 16-bit references, among other elements", () => {
    expect(parseUserDataHeader(withContent(5, 0, 3, 7, 2, 1))).toEqual({
      concat: { reference: 7, total: 2, index: 1, refBits: 8 },
      rest: CONTENT,
    });
    expect(parseUserDataHeader(withContent(6, 8, 4, 1, 2, 3, 1))).toEqual({
      concat: { reference: 258, total: 3, index: 1, refBits: 16 },
      rest: CONTENT,
    });
    expect(parseUserDataHeader(withContent(8, 0x24, 1, 1, 0, 3, 7, 2, 1))).toEqual({
      concat: { reference: 7, total: 2, index: 1, refBits: 8 },
      rest: CONTENT,
    });
  });

  test("parseUserDataHeader() ignores impossible places and broken headers, and keeps the content", () => {
    expect(parseUserDataHeader(withContent(5, 0, 3, 7, 0, 1))).toEqual({ rest: CONTENT });
    expect(parseUserDataHeader(withContent(5, 0, 3, 7, 2, 3))).toEqual({ rest: CONTENT });
    expect(parseUserDataHeader(withContent(2, 0, 9))).toEqual({ rest: CONTENT });
    expect(parseUserDataHeader(Uint8Array.of(9, 1))).toEqual({ rest: Uint8Array.of(9, 1) });
    expect(parseUserDataHeader(new Uint8Array(0))).toEqual({ rest: new Uint8Array(0) });
  });
});
