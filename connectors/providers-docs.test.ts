/** Every example of docs/PROVIDERS.md is what the product takes. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { placeholders } from "./http/placeholders.ts";
import { readLinks } from "./read-links.ts";

const text = readFileSync(join(import.meta.dir, "../docs/PROVIDERS.md"), "utf8");

test("the examples are links, of each type at least one", () => {
  const read = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, json = ""]) => readLinks(json));
  expect(read.flatMap((example) => (example.type === "wrong" ? example.problems : []))).toEqual([]);
  const types = read.flatMap((example) => (example.type === "links" ? example.links.map(({ type }) => type) : []));
  expect(new Set(types)).toEqual(new Set(["smpp", "http", "loopback"]));
});

test("every placeholder is told of", () => {
  for (const name of placeholders) expect(text).toContain(`\`{${name}}\``);
});
