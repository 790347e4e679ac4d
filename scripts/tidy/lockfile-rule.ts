// package-lock.json must name every platform's packages: npm leaves out those that the registry of the machine that
// wrote the file did not have, and `npm ci` then refuses the file on every machine.

import type { Rule } from "./rule.ts";

type Lockfile = {
  readonly packages?: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
};

export const LOCKFILE_RULE: Rule = {
  name: "complete-lockfile",
  reason: "npm ci refuses a lock file without every platform's packages: complete it where the registry has them all",
  check: function* ({ path, lines }) {
    if (path !== "package-lock.json") return;
    const { packages = {} } = JSON.parse(lines.join("\n")) as Lockfile;
    const names = new Set(Object.keys(packages).map((at) => at.slice(at.lastIndexOf("node_modules/") + 13)));
    for (const [at, { optionalDependencies = {} }] of Object.entries(packages)) {
      const missing = Object.keys(optionalDependencies).filter((name) => !names.has(name));
      if (missing.length > 0) yield { line: 1, message: `${at} lacks ${missing.join(", ")}` };
    }
  },
};
