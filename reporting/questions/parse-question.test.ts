import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseQuestion } from "./parse-question.ts";
import { questions } from "./questions.ts";

const head = "-- Who?\n-- A note.\n-- Parameters:\n--   who (text): a name\n--   many (integer, default 5): how many\n";

test("parseQuestion() reads the head and numbers the parameters", () => {
  expect(parseQuestion("q", `${head}SELECT :'who'::text, :'many'::integer, :'who'::text`)).toEqual({
    name: "q",
    question: "Who?",
    notes: "A note.",
    parameters: [
      { name: "who", type: "text", description: "a name" },
      { name: "many", type: "integer", default: "5", description: "how many" },
    ],
    sql: "SELECT $1::text, $2::integer, $1::text",
  });
});

test("parseQuestion() refuses a file that does not keep to the form", () => {
  expect(() => parseQuestion("q", `${head}SELECT :'nobody'::text`)).toThrow("does not declare its parameter nobody");
  expect(() => parseQuestion("q", "-- Who?\nSELECT 1")).toThrow("no 'Parameters:'");
  expect(() => parseQuestion("q", "-- Who?\n-- Parameters:\n--   who: a name\nSELECT 1")).toThrow("no parameter");
});

test("every file is a question, under its own name, and explained in docs/ANALYSE.md", () => {
  const files = readdirSync(import.meta.dir)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  expect(questions.map(({ name }, i) => `${`${i + 1}`.padStart(2, "0")}-${name}.sql`)).toEqual(files);
  const guide = readFileSync(join(import.meta.dir, "../../docs/ANALYSE.md"), "utf8");
  for (const file of files) expect(guide).toContain(`(../reporting/questions/${file})`);
});
