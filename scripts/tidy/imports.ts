// What a file imports, and where that is in the repository.

import { posix } from "node:path";
import type { SourceText } from "./source-text.ts";

export type Import = {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  readonly target:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "package"; readonly name: string }
    | { readonly kind: "builtin"; readonly name: string };
};

/** package.json's "imports", such as `#domain/*` → `./core/domain/*`. */
export type ImportAliases = Readonly<Record<string, string>>;

const IMPORT = /(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*(["'`])([^"'`\n]+)\1/g;

/** Lists the imports of a file in their order, type imports and dynamic ones with a literal name included. */
export function listImports(path: string, text: SourceText, aliases: ImportAliases): readonly Import[] {
  const found: Import[] = [];
  for (const match of text.literals.matchAll(IMPORT)) {
    const specifier = match[2] ?? "";
    // The keyword itself must be code, not part of a longer string.
    if (text.code[match.index] !== match[0][0]) continue;
    const line = text.literals.slice(0, match.index).split("\n").length;
    found.push({ specifier, line, target: resolve(path, specifier, aliases) });
  }
  return found;
}

function resolve(path: string, specifier: string, aliases: ImportAliases): Import["target"] {
  if (specifier.startsWith(".")) {
    return { kind: "file", path: posix.normalize(posix.join(posix.dirname(path), specifier)) };
  }
  for (const [alias, target] of Object.entries(aliases)) {
    const [prefix = "", suffix = ""] = alias.split("*");
    if (!specifier.startsWith(prefix) || !specifier.endsWith(suffix) || !alias.includes("*")) continue;
    const rest = specifier.slice(prefix.length, specifier.length - suffix.length);
    return { kind: "file", path: posix.normalize(target.replace("*", rest)) };
  }
  if (/^(?:node|bun):/.test(specifier) || specifier === "bun") return { kind: "builtin", name: specifier };
  const bare = specifier.replace(/^npm:/, "");
  const parts = bare.split("/");
  return { kind: "package", name: bare.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? bare) };
}
