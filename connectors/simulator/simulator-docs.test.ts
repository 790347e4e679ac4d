// docs/SIMULATOR.md is the manual of people who never read this code: it names all there is, and its examples work.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { behaviourSchema, replySchema } from "./behaviour.ts";
import { CONTROL_ROUTES } from "./control-routes.ts";
import { idFormNames } from "./message-ids.ts";
import { receiptDialectNames } from "./receipt-dialects.ts";
import { scriptSchema } from "./script.ts";

const manual = readFileSync(join(import.meta.dir, "..", "..", "docs", "SIMULATOR.md"), "utf8");

/** Bodies of curl calls to one path. */
function bodiesOf(path: string): readonly unknown[] {
  const calls = manual.matchAll(/^curl -X \w+ "?\$S(\/[a-z-]+)[^']*?-d '([^']+)'/gm);
  return [...calls].flatMap(([, at, body = ""]) => (at === path ? [JSON.parse(body)] : []));
}

describe("the manual", () => {
  test("names every field of the behaviour, every dialect and every form of id", () => {
    const names = [...Object.keys(behaviourSchema.shape), ...receiptDialectNames, ...idFormNames];
    expect(names.filter((name) => !manual.includes(`\`${name}\``) && !manual.includes(`"${name}"`))).toEqual([]);
  });

  test("shows every address that acts or lists", () => {
    const paths = new Set(Object.keys(CONTROL_ROUTES).map((route) => route.split(" ")[1] ?? ""));
    expect([...paths].filter((path) => path !== "/livez" && !manual.includes(path))).toEqual([]);
  });

  test("has examples that work", () => {
    const [script = ""] = /(?<=```json\n)[^`]+/.exec(manual) ?? [];
    expect(scriptSchema.parse(JSON.parse(script)).phases).toHaveLength(4);
    const behaviours = bodiesOf("/behaviour");
    expect(behaviours).toHaveLength(3);
    for (const behaviour of behaviours) behaviourSchema.parse(behaviour);
    for (const reply of bodiesOf("/replies")) replySchema.parse(reply);
  });
});
