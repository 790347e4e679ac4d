import { expect, test } from "bun:test";
import { segmentText } from "#domain/encoding/segment-text.ts";
import { seededStream } from "../../seeded-random.ts";
import { createRequests } from "./make-requests.ts";

const ACCOUNTS = [
  { id: "a", apiKey: "", numbers: ["+61491570156"], canary: "firstcanaryword" },
  { id: "b", apiKey: "", numbers: ["+61491570158"], canary: "secondcanaryword" },
];

function make(count: number, seed: number, keyed = true) {
  const requests = createRequests(ACCOUNTS, seededStream(seed, "requests"));
  return Array.from({ length: count }, () => requests.next({ keyed }));
}

test("the same seed makes the same requests", () => {
  expect(make(50, 3)).toEqual(make(50, 3));
  expect(make(50, 3)).not.toEqual(make(50, 4));
});

test("no recipient number and no text comes twice, and each text holds its account's word alone", () => {
  const requests = make(2_000, 1);
  const to = requests.flatMap((request) => request.to);
  expect(new Set(to).size).toBe(to.length);
  expect(new Set(requests.map(({ text }) => text)).size).toBe(requests.length);
  for (const { account, text } of requests) {
    const words = ACCOUNTS.filter(({ canary }) => text.includes(canary)).map(({ id }) => id);
    expect(words).toEqual([account.id]);
  }
});

test("has every class, one to three segments, one and many recipients, with and without a key", () => {
  const requests = make(500, 2);
  const kinds = <T>(of: (request: (typeof requests)[number]) => T): readonly T[] =>
    [...new Set(requests.map(of))].sort();
  expect(kinds((request) => request.class)).toEqual(["alert", "bulk", "transactional"]);
  expect(kinds((request) => segmentText(request.text).parts.length)).toEqual([1, 2, 3]);
  expect(kinds((request) => request.to.length > 1)).toEqual([false, true]);
  expect(kinds((request) => request.key === null)).toEqual([false, true]);
  expect(make(100, 2, false).every(({ key }) => key === null)).toBe(true);
});
