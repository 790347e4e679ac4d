// The repository as the rules see it: one entry a text file, with its imports or its headings read once.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listRepoFiles } from "../repo-files.ts";
import { type Import, type ImportAliases, listImports } from "./imports.ts";
import { type MarkdownDocument, readMarkdown } from "./markdown.ts";
import { type SourceText, splitSourceText } from "./source-text.ts";

export type Code = SourceText & { readonly imports: readonly Import[] };

export type Source = {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Set for .ts and .mjs. */
  readonly code?: Code;
  /** Set for .md. */
  readonly markdown?: MarkdownDocument;
};

export type Repo = {
  readonly sources: readonly Source[];
  /** Every file, binary ones included, and every folder that holds one. */
  readonly paths: ReadonlySet<string>;
};

/** Reads the repository at `root`. */
export function readRepo(root: string): Repo {
  const files = new Map<string, string>();
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { imports?: ImportAliases };
  for (const path of listRepoFiles(root)) {
    const bytes = readFileSync(join(root, path));
    files.set(path, bytes.includes(0) ? "" : bytes.toString("utf8"));
  }
  return createRepo(files, manifest.imports ?? {});
}

/** Builds a repository from texts by path. */
export function createRepo(files: ReadonlyMap<string, string>, aliases: ImportAliases): Repo {
  const paths = new Set<string>();
  for (const path of files.keys()) {
    const segments = path.split("/");
    for (let end = segments.length; end > 0; end--) paths.add(segments.slice(0, end).join("/"));
  }
  return { sources: [...files].map(([path, text]) => createSource(path, text, aliases)), paths };
}

function createSource(path: string, text: string, aliases: ImportAliases): Source {
  const lines = text.replace(/\n$/, "").split("\n");
  if (path.endsWith(".md")) return { path, lines, markdown: readMarkdown(text) };
  if (!/\.(?:ts|mjs)$/.test(path)) return { path, lines };
  const split = splitSourceText(text);
  return { path, lines, code: { ...split, imports: listImports(path, split, aliases) } };
}

/** Tests and the conformance suites that they run. */
export function isTest(path: string): boolean {
  return /(?:\.test|_test|\.conformance|\/conformance\/[a-z-]+)\.ts$/.test(path);
}

/** A process's composition root: `main.ts`, `main.bun.ts`, `main.deno.ts`. */
export function isMain(path: string): boolean {
  return /(?:^|\/)main(?:\.[a-z]+)?\.ts$/.test(path);
}

/** True when the file lies in one of the folders, each named with its trailing `/`. */
export function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path.startsWith(folder));
}
