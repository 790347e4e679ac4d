// Rules on how a file is written: its size, its name, and the words that only some files may use.
// The size of functions is Biome's `noExcessiveLinesPerFunction` in biome.json, because that needs a parser.

import { type Rule, wordRule } from "./rule.ts";
import { isMain, isTest, isUnder } from "./source.ts";

const MAX_FILE_LINES = 400;
const MAX_COLUMNS = 120;
const BANNED_NAMES = /^(?:.*-)?(?:utils?|commons?|helpers?|managers?)$|^types$/;

/** Real time and randomness enter here and go down as arguments. */
const CLOCK = "core/domain/clock.ts";
const RIM = ["testkit/", "scripts/", "cli/", "loadtest/"];
const HOST_FREE = ["core/domain/", "core/store/", "core/handlers/", "edge/"];

const outsideRim = (path: string): boolean => !isMain(path) && !isUnder(path, RIM);
const outsideClock = (path: string): boolean => path !== CLOCK && outsideRim(path);
const hostFree = (path: string): boolean => {
  if (!isUnder(path, HOST_FREE)) return false;
  return !path.startsWith("edge/") || !(isMain(path) || isTest(path));
};

const CLOCK_REASON =
  "time and randomness are injected, so that a test decides them: take them from core/domain/clock.ts";

export const CODE_RULES: readonly Rule[] = [
  {
    name: "file-lines",
    reason: `one idea a file: at most ${MAX_FILE_LINES} lines, better 250`,
    check: function* ({ code, lines }) {
      if (code !== undefined && lines.length > MAX_FILE_LINES) {
        yield { line: MAX_FILE_LINES + 1, message: `${lines.length} lines` };
      }
    },
  },
  {
    name: "line-columns",
    reason: `two files fit beside each other: at most ${MAX_COLUMNS} columns`,
    check: function* ({ code, lines }) {
      if (code === undefined) return;
      for (const [index, line] of lines.entries()) {
        const columns = [...line].length;
        if (columns > MAX_COLUMNS) yield { line: index + 1, message: `${columns} columns` };
      }
    },
  },
  {
    name: "vague-name",
    reason: "a name says what is inside: no utils, common, helpers, manager, types.ts",
    check: function* ({ path }) {
      for (const segment of path.split("/")) {
        if (BANNED_NAMES.test(segment.split(".")[0] ?? "")) yield { line: 1, message: `'${segment}'` };
      }
    },
  },
  wordRule({
    name: "real-clock",
    reason: CLOCK_REASON,
    pattern: /\bDate\.now\b|\bnew Date\b(?!\s*\(\s*[^\s)])|(?<![.\w$])performance\.now\b|\bprocess\.hrtime\b/g,
    where: outsideClock,
  }),
  wordRule({
    name: "real-timer",
    reason: CLOCK_REASON,
    pattern: /(?:(?<![.\w$])|\bglobalThis\.)set(?:Timeout|Interval)\b(?!\s*\??:)|\bBun\.sleep\w*/g,
    where: outsideClock,
  }),
  wordRule({ name: "real-randomness", reason: CLOCK_REASON, pattern: /\bMath\.random\b/g, where: outsideClock }),
  wordRule({
    name: "environment",
    reason: "only a main file reads the environment, checks it, and passes values down",
    pattern: /\b(?:process|Bun|Deno|import\.meta)\.env\b/g,
    where: outsideRim,
  }),
  wordRule({
    name: "host-name",
    reason: "shared code runs on Deno and Bun, so it names neither: what it needs of the host is an argument",
    pattern: /(?<![.\w$])(?:Bun|Deno|process)\s*\??\./g,
    where: hostFree,
  }),
  {
    name: "host-import",
    reason: "shared code runs on Deno and Bun, so it imports nothing that only one of them has",
    check: function* ({ path, code }) {
      if (code === undefined || !hostFree(path) || isTest(path)) return;
      for (const { target, specifier, line } of code.imports) {
        const host = target.kind === "builtin" && (/^bun(?::|$)/.test(target.name) || target.name === "node:process");
        if (host) yield { line, message: `imports '${specifier}'` };
      }
    },
  },
];
