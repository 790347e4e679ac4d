import { describe, expect, test } from "bun:test";
import { arrayLiteral, copyLine, storable, storableJson } from "./cell-text.ts";

describe("cell text", () => {
  test("copyLine() escapes what COPY would read as its own", () => {
    expect(copyLine(["a\tb", null, "c\\N\r\n", ""])).toBe("a\\tb\t\\N\tc\\\\N\\r\\n\t\n");
  });

  test("arrayLiteral() tells null, the word NULL and the empty text apart", () => {
    expect(arrayLiteral([null, "NULL", "", 'a"b\\c', "{x,y}"])).toBe('{NULL,"NULL","","a\\"b\\\\c","{x,y}"}');
    expect(arrayLiteral([])).toBe("{}");
    expect(arrayLiteral([""])).toBe('{""}');
  });

  test("what PostgreSQL cannot hold becomes U+FFFD, in texts and inside JSON, and nothing else changes", () => {
    expect(storable("a\0b\ud800c")).toBe("a\ufffdb\ufffdc");
    expect(storable("é🙂\n")).toBe("é🙂\n");
    expect(storableJson({ a: "x\0", b: ["\udc00"], c: "\\u0000" })).toBe(
      '{"a":"x\ufffd","b":["\ufffd"],"c":"\\\\u0000"}',
    );
  });
});
