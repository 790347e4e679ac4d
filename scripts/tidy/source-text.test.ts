import { describe, expect, test } from "bun:test";
import { splitSourceText } from "./source-text.ts";

/** What is left of the text, blanks squeezed. */
function codeOf(text: string): string {
  return splitSourceText(text).code.replace(/\s+/g, " ").trim();
}

describe("splitSourceText()", () => {
  const cases: readonly (readonly [name: string, text: string, code: string])[] = [
    ["a line comment", "a; // b\nc;", "a; c;"],
    ["a block comment", "a; /* b\n */ c;", "a; c;"],
    ["an address in a string is no comment", 'f("http://x"); g();', 'f(" "); g();'],
    ["an escaped quote", 'f("a\\"b"); g();', 'f(" "); g();'],
    ["code inside a template", "`a ${f(`b ${c}`)} d`; e;", "` ${f(` ${c}`)} `; e;"],
    ["an object inside a template", "`${{ a: 1 }.a} b`; c;", "`${{ a: 1 }.a} `; c;"],
    ["a regular expression with a quote", "x = /[\"'/]/.test(y); z;", "x = / /.test(y); z;"],
    ["a division", "a / b / c; 'd'", "a / b / c; ' '"],
    ["a regular expression after return", "return /'/; a", "return / /; a"],
  ];
  for (const [name, text, code] of cases) {
    test(name, () => {
      expect(codeOf(text)).toBe(code);
    });
  }

  test("keeps positions and line ends", () => {
    const text = 'a; /* b\n\n */ f("c", `d\n`);\n// e\n';
    for (const part of Object.values(splitSourceText(text))) {
      expect(part).toHaveLength(text.length);
      expect(part.split("\n").map((line) => line.length)).toEqual(text.split("\n").map((line) => line.length));
    }
  });
});
