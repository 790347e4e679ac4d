// Rules on what is written for people: comments, reasons and documents.

import { posix } from "node:path";
import type { MarkdownDocument } from "./markdown.ts";
import type { Rule } from "./rule.ts";
import { isTest, type Repo, type Source } from "./source.ts";

const MAX_README_LINES = 150;

/** Joined from pieces, so that this file does not name what it looks for. */
const MACHINE_FOLDERS = ["work", "root", "home/[a-z_][\\w-]*", "Users/\\w[\\w-]*"];
const MACHINE_PATH = new RegExp(`(?<![\\w.\\-/}*])/(?:${MACHINE_FOLDERS.join("|")})/`);
const REGISTRY_HOSTS = [
  ["registry", "npmjs\\.org"],
  ["registry", "yarnpkg\\.com"],
  ["npm", "pkg\\.github\\.com"],
  ["registry", "npmmirror\\.com"],
  ["jsr", "io"],
  ["pypi", "org"],
  ["files", "pythonhosted\\.org"],
  ["crates", "io"],
  ["proxy", "golang\\.org"],
].map((labels) => labels.join("\\."));
const REGISTRY = new RegExp(
  `(?<![\\w-])(?:${REGISTRY_HOSTS.join("|")})(?![\\w-])|://[\\w.-]*(?:registry|artifactory|nexus|verdaccio)[\\w-]*[.:]`,
  "i",
);

const OPEN_TASK = /\b(?:TODO|FIXME)\b(?!.*#\d)/;
const SKIPPED_TEST = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|todo|skipIf|todoIf|ignore)\b/;
const ONLY_TEST = /\b(?:test|it|describe)(?:\.\w+)*\.only\b/;

export const TEXT_RULES: readonly Rule[] = [
  {
    name: "open-task",
    reason: "a task in a comment is forgotten: name its issue (#n) or do it",
    check: function* ({ code, markdown, lines }) {
      if (code === undefined && markdown === undefined) return;
      const texts = code === undefined ? lines : code.comments.split("\n");
      for (const [index, line] of texts.entries()) {
        if (OPEN_TASK.test(line)) yield { line: index + 1, message: line.trim() };
      }
    },
  },
  {
    name: "skip-without-reason",
    reason: "a test that does not run says why, in a comment on its line or the line before",
    check: function* ({ path, code }) {
      if (code === undefined || !isTest(path)) return;
      const comments = code.comments.split("\n");
      for (const [index, line] of code.code.split("\n").entries()) {
        const reason = `${comments[index - 1] ?? ""}${comments[index] ?? ""}`;
        if (SKIPPED_TEST.test(line) && !/\w/.test(reason)) yield { line: index + 1, message: line.trim() };
      }
    },
  },
  {
    name: "only",
    reason: "it silences every other test of its file",
    check: function* ({ path, code }) {
      if (code === undefined || !isTest(path)) return;
      for (const [index, line] of code.code.split("\n").entries()) {
        if (ONLY_TEST.test(line)) yield { line: index + 1, message: line.trim() };
      }
    },
  },
  {
    name: "machine-path",
    reason: "no line names a folder of one developer's machine",
    check: (source) => complainOfLines(source, MACHINE_PATH),
  },
  {
    name: "registry-host",
    reason: "where packages come from is the machine's setting, not the repository's",
    check: (source) => complainOfLines(source, REGISTRY),
  },
  {
    name: "one-title",
    reason: "a document has one title, its first-level heading",
    check: function* ({ markdown }) {
      if (markdown === undefined) return;
      const titles = markdown.headings.filter((heading) => heading.level === 1);
      if (titles.length !== 1) yield { line: titles[1]?.line ?? 1, message: `${titles.length} titles` };
    },
  },
  {
    name: "readme-lines",
    reason: `a README is read in one go: at most ${MAX_README_LINES} lines`,
    check: function* ({ path, lines }) {
      if (posix.basename(path) !== "README.md" || lines.length <= MAX_README_LINES) return;
      yield { line: MAX_README_LINES + 1, message: `${lines.length} lines` };
    },
  },
  {
    name: "dead-link",
    reason: "a relative link leads to a file of the repository, and its anchor to a heading there",
    check: function* ({ path, markdown }, repo) {
      for (const { target, line } of markdown?.links ?? []) {
        if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(target)) continue;
        const fault = linkFault(path, target, repo);
        if (fault !== undefined) yield { line, message: fault };
      }
    },
  },
];

function* complainOfLines({ path, lines }: Source, pattern: RegExp): Generator<{ line: number; message: string }> {
  if (path === "package-lock.json") return;
  for (const [index, line] of lines.entries()) {
    const match = pattern.exec(line);
    if (match !== null) yield { line: index + 1, message: `'${match[0]}'` };
  }
}

function linkFault(from: string, target: string, repo: Repo): string | undefined {
  const [file = "", anchor] = decodeURI(target).split("#");
  const joined = file.startsWith("/") ? file.slice(1) : posix.join(posix.dirname(from), file);
  const path = file === "" ? from : posix.normalize(joined).replace(/\/$/, "");
  if (path !== "." && !repo.paths.has(path)) return `no file '${path}'`;
  if (anchor === undefined || anchor === "") return undefined;
  const source = repo.sources.find((candidate) => candidate.path === path);
  if (source === undefined) return `no anchor '#${anchor}' in the folder '${path}'`;
  return hasAnchor(source.markdown, source.lines.length, anchor) ? undefined : `no anchor '#${anchor}' in '${path}'`;
}

/** Headings of a document, or lines of any other file (`#L10`, `#L10-L20`). */
function hasAnchor(markdown: MarkdownDocument | undefined, lineCount: number, anchor: string): boolean {
  if (markdown !== undefined) return markdown.anchors.has(anchor);
  const range = /^L(\d+)(?:-L(\d+))?$/.exec(anchor);
  return range !== null && Number(range[2] ?? range[1]) <= lineCount;
}
