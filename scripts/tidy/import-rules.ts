// Rules on who may import whom. Imports go one way: edge, connectors, reporting → core → core/domain.

import type { Complaint, Rule } from "./rule.ts";
import { isTest, isUnder, type Source } from "./source.ts";

type Zone = { readonly imports: readonly string[]; readonly testsImport: readonly string[] };

const EVERY_PART = ["core", "edge", "connectors", "reporting", "cli", "testkit", "loadtest", "proof", "scripts"];

/** The parts whose imports go one way, and which parts each may reach. The parts not named may import any. */
const ZONES: Readonly<Record<string, Zone>> = {
  core: { imports: ["core"], testsImport: ["core", "testkit"] },
  edge: { imports: ["edge", "core"], testsImport: EVERY_PART },
  connectors: { imports: ["connectors", "core"], testsImport: EVERY_PART },
  reporting: { imports: ["reporting", "core"], testsImport: EVERY_PART },
};

type Owner = { readonly name: string; readonly reason: string; readonly allowed: (path: string) => boolean };

/** Packages with an owner; everybody else goes through the owner's seam. */
const OWNED_PACKAGES: readonly Owner[] = [
  {
    name: "mongodb",
    reason: "the store is a seam: only its mongo driver speaks to MongoDB",
    allowed: (path) => isUnder(path, ["core/store/mongo/", "testkit/", "scripts/", "loadtest/", "cli/", "proof/"]),
  },
  {
    name: "smpp",
    reason: "one shim stands between us and the codec, so that it can be replaced",
    allowed: (path) => path === "core/smpp/codec.ts",
  },
  {
    name: "postgres",
    reason: "messages do not need PostgreSQL: only reporting speaks to it",
    allowed: (path) => isUnder(path, ["reporting/", "testkit/", "loadtest/", "cli/", "proof/"]),
  },
];

const DOMAIN_PACKAGES = ["zod", "libphonenumber-js"];

export const IMPORT_RULES: readonly Rule[] = [
  {
    name: "import-direction",
    reason: "imports go one way: edge, connectors, reporting → core, never back, never across, never into the testkit",
    check: function* ({ path, code }) {
      const part = path.split("/")[0] ?? "";
      const zone = ZONES[part];
      if (code === undefined || zone === undefined) return;
      const reachable = isTest(path) ? zone.testsImport : zone.imports;
      for (const { target, specifier, line } of code.imports) {
        if (target.kind !== "file") continue;
        const other = target.path.split("/")[0] ?? "";
        if (EVERY_PART.includes(other) && !reachable.includes(other)) {
          yield { line, message: `${part} imports '${specifier}' of ${other}` };
        }
      }
    },
  },
  {
    name: "pure-domain",
    reason: `core/domain is the vocabulary: it imports only ${DOMAIN_PACKAGES.join(", ")} and itself`,
    check: function* ({ path, code }) {
      if (code === undefined || !path.startsWith("core/domain/") || isTest(path)) return;
      for (const { target, specifier, line } of code.imports) {
        const own = target.kind === "file" && target.path.startsWith("core/domain/");
        if (!own && !(target.kind === "package" && DOMAIN_PACKAGES.includes(target.name))) {
          yield { line, message: `imports '${specifier}'` };
        }
      }
    },
  },
  ...OWNED_PACKAGES.map(
    (owner): Rule => ({
      name: `package-${owner.name}`,
      reason: owner.reason,
      check: (source) => complainOfPackage(source, owner),
    }),
  ),
];

function* complainOfPackage({ path, code }: Source, owner: Owner): Generator<Complaint> {
  if (code === undefined || owner.allowed(path)) return;
  for (const { target, specifier, line } of code.imports) {
    if (target.kind === "package" && target.name === owner.name) yield { line, message: `imports '${specifier}'` };
  }
}
