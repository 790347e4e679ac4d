import { describe, expect, test } from "bun:test";
import { decodePart, encodePart, segmentText } from "./segment-text.ts";

const lengths = (text: string): number[] => segmentText(text).parts.map((part) => part.length);

describe("segmentText()", () => {
  test("cuts GSM 7-bit at 160 alone and 153 beside others", () => {
    expect(segmentText("")).toEqual({ encoding: "gsm7", parts: [""] });
    expect(lengths("a".repeat(160))).toEqual([160]);
    expect(lengths("a".repeat(161))).toEqual([153, 8]);
    expect(lengths("a".repeat(306))).toEqual([153, 153]);
    expect(lengths("a".repeat(307))).toEqual([153, 153, 1]);
  });

  test("counts extension characters twice and never splits one", () => {
    expect(lengths("€".repeat(80))).toEqual([80]);
    expect(lengths("€".repeat(81))).toEqual([76, 5]);
    expect(lengths(`${"a".repeat(152)}€${"b".repeat(10)}`)).toEqual([152, 11]);
    expect(lengths(`${"a".repeat(151)}€${"b".repeat(10)}`)).toEqual([152, 10]);
    expect(lengths(`${"a".repeat(158)}€`)).toEqual([159]);
    expect(lengths(`${"a".repeat(159)}€`)).toEqual([153, 7]);
  });

  test("cuts UCS-2 at 70 alone and 67 beside others", () => {
    expect(segmentText("ё").encoding).toBe("ucs2");
    expect(lengths("ё".repeat(70))).toEqual([70]);
    expect(lengths("ё".repeat(71))).toEqual([67, 4]);
    expect(lengths("ё".repeat(134))).toEqual([67, 67]);
    expect(lengths("ё".repeat(135))).toEqual([67, 67, 1]);
  });

  test("never splits an emoji at a part's border", () => {
    expect(lengths("😀".repeat(35))).toEqual([70]);
    expect(lengths("😀".repeat(36))).toEqual([66, 6]);
    const text = `${"ё".repeat(66)}😀${"ё".repeat(10)}`;
    expect(lengths(text)).toEqual([66, 12]);
    expect(segmentText(text).parts[1]?.startsWith("😀")).toBe(true);
  });

  test("lone surrogates count one unit and survive", () => {
    const text = `\ud83d${"ё".repeat(70)}\ude00\ud83d`;
    const { encoding, parts } = segmentText(text);
    expect(encoding).toBe("ucs2");
    expect(parts.join("")).toBe(text);
    expect(parts.map((part) => decodePart(encodePart(part, encoding), encoding)).join("")).toBe(text);
  });

  test("one character outside GSM 7-bit moves the whole text to UCS-2", () => {
    expect(segmentText(`${"a".repeat(100)}ё`)).toEqual({
      encoding: "ucs2",
      parts: ["a".repeat(67), `${"a".repeat(33)}ё`],
    });
  });
});

test("decodePart() drops an odd octet of UCS-2", () => {
  expect(decodePart(Uint8Array.of(0x04, 0x51, 0x04), "ucs2")).toBe("ё");
});
