import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseRawLine, RAW_READ_BYTES_MAX, type RawLine, rawLineOf, rawSendBytesMax } from "./raw-record.ts";

const ID = "abcdefghijkl-01m82aywqck1fy2eb6m32zxc1w";
const head = { stream: 11, n: 359_999, at: 1_795_424_190_467 };

const whole = fc.nat({ max: 2 ** 31 });
const heads = fc.record({ stream: whole, n: whole, at: whole });
const word = fc.stringMatching(/^[a-z_]{1,30}$/);
const ids = fc.array(fc.stringMatching(/^[a-z][a-z0-9]{1,11}-[0-9a-z]{26}$/), { maxLength: 5 });
const lines: fc.Arbitrary<RawLine> = fc.oneof(
  heads.map((fields) => ({ ...fields, type: "s" as const })),
  fc.tuple(heads, ids).map(([fields, known]) => ({ ...fields, type: "a" as const, ids: [ID, ...known] })),
  fc
    .tuple(heads, fc.constantFrom("f" as const, "i" as const), fc.nat(599), word, ids)
    .map(([fields, outcome, status, code, known]) => ({
      ...{ ...fields, type: "x" as const, outcome, status, code, ids: known },
    })),
  heads.map((fields) => ({ ...fields, type: "q" as const, account: 1, id: ID })),
  fc
    .tuple(
      heads,
      fc.nat(599),
      word,
      fc.object().map((body) => JSON.stringify(body).slice(0, 1_000).trimEnd()),
    )
    .map(([fields, status, state, body]) => ({ ...fields, type: "r" as const, status, word: state, body })),
);

test("what was written is read again", () => {
  fc.assert(fc.property(lines, (line) => expect(parseRawLine(rawLineOf(line))).toEqual(line)));
});

test("a line has no line break in it, whatever the answer was", () => {
  const body = "<html>\r\noops\n</html>";
  const line = rawLineOf({ ...head, type: "r", status: 502, word: "a\nb c", body });
  expect(line).toBe(`r ${head.stream} ${head.n} ${head.at} 502 a_b_c <html> oops </html>`);
});

test("lines of k6 itself, and a line that was cut before its end, are none", () => {
  for (const text of [
    "",
    "time=now level=info",
    "s 1",
    "s 1 2",
    "a 1 2 3",
    "x 1 2 3 f",
    "x 1 2 3 f 503",
    "q 1 2 3 0",
  ]) {
    expect(parseRawLine(text)).toBeUndefined();
  }
});

test("a request writes no more than its bound", () => {
  const bytes = (...all: readonly RawLine[]): number =>
    Buffer.byteLength(all.map((line) => `${rawLineOf(line)}\n`).join(""));
  const send = { ...head, type: "s" } as const;
  const most = Array.from({ length: 100 }, () => ID);
  expect(bytes(send, { ...head, type: "a", ids: most })).toBeLessThanOrEqual(rawSendBytesMax(100));
  const code = "idempotency_key_reused".repeat(9);
  const unknown = { ...head, type: "x", outcome: "i", status: 503, code, ids: most } as const;
  expect(bytes(send, unknown)).toBeLessThanOrEqual(rawSendBytesMax(100));
  const read = { ...head, type: "q", account: 1, id: ID } as const;
  const answer = { ...head, type: "r", status: 200, word: "partially_delivered", body: "п".repeat(10_000) } as const;
  expect(bytes(read, answer)).toBeLessThanOrEqual(RAW_READ_BYTES_MAX);
  expect(bytes(read, { ...answer, body: "鷸".repeat(10_000) })).toBeLessThanOrEqual(RAW_READ_BYTES_MAX);
});
