// Every rule of the tidy test goes red on a planted fault, and stays green on its nearest innocent neighbour.

import { describe, expect, test } from "bun:test";
import { createRepo } from "./tidy/source.ts";
import { describeFindings, findUntidy, RULES } from "./tidy.ts";

type Plant = { readonly path: string; readonly text: string };
type Plants = { readonly red: readonly Plant[]; readonly green: readonly Plant[] };

const ALIASES = { "#domain/*": "./core/domain/*", "#core/*": "./core/*", "#testkit/*": "./testkit/*" };
/** Files that the links of planted documents may lead to. */
const NEIGHBOURS = new Map([
  ["docs/guide.md", "# Guide\n\n## One message's path\n\n## Twice\n\n## Twice\n"],
  ["core/fold.ts", "one\ntwo\n"],
]);

const plant = (path: string, text: string): Plant => ({ path, text });
const lines = (count: number): string => "x;\n".repeat(count);
const lockfile = (packages: object): string => JSON.stringify({ packages });
const slashed = (...names: string[]): string => `/${names.join("/")}`;

const PLANTS: Readonly<Record<string, Plants>> = {
  "file-lines": {
    red: [plant("core/a.ts", lines(401)), plant("core/a.test.ts", lines(401))],
    green: [plant("core/a.ts", lines(400)), plant("docs/a.md", `# A\n${lines(500)}`)],
  },
  "line-columns": {
    red: [plant("core/a.ts", `// ${"x".repeat(118)}`)],
    green: [plant("core/a.ts", `// ${"ü".repeat(117)}`), plant("LICENSE", "x".repeat(500))],
  },
  "vague-name": {
    red: ["core/utils/a.ts", "core/common.ts", "edge/http-helpers.ts", "core/bind-manager.ts", "core/types.ts"].map(
      (path) => plant(path, ""),
    ),
    green: ["core/commonwealth.ts", "core/bun-types.ts", "core/helpful.ts"].map((path) => plant(path, "")),
  },
  "real-clock": {
    red: [
      plant("core/worker/claim.ts", "const at = Date.now();"),
      plant("core/worker/claim.ts", "const now = Date.now;"),
      plant("core/worker/claim.test.ts", "const at = new Date();"),
      plant("edge/app.ts", "const at = new Date;"),
      plant("edge/app.ts", "const at = `${performance.now()}`;"),
      plant("edge/app.ts", "const quarter = a / 4; const at = Date.now(); // half / 2"),
    ],
    green: [
      plant("core/domain/clock.ts", "const at = Date.now();"),
      plant("core/worker/main.ts", "const at = Date.now();"),
      plant("edge/main.deno.ts", "const at = Date.now();"),
      plant("cli/up.ts", "const at = new Date();"),
      plant("core/worker/claim.ts", 'const at = new Date("2030-01-01"); // not Date.now()'),
      plant("core/worker/claim.ts", "const at = new Date(ms); /* new Date() */ const s = 'Date.now()';"),
      plant("core/worker/claim.ts", "const pattern = /Date.now()/; const t = `Date.now() ${at}`;"),
    ],
  },
  "real-timer": {
    red: [
      plant("connectors/http/send.ts", "setTimeout(done, 5);"),
      plant("connectors/http/send.ts", "globalThis.setInterval(done, 5);"),
      plant("connectors/http/send.ts", 'import { setTimeout } from "node:timers/promises";'),
      plant("connectors/http/send.test.ts", "await Bun.sleep(5);"),
    ],
    green: [
      plant("connectors/http/send.ts", "clock.setTimeout(done, 5);"),
      plant("testkit/until.ts", "setTimeout(done, 5);"),
      plant("connectors/http/send.ts", "type Clock = { setTimeout: (done: () => void) => void };"),
    ],
  },
  "real-randomness": {
    red: [plant("core/store/choose-set.ts", "const at = Math.random();")],
    green: [plant("loadtest/flood.ts", "const at = Math.random();")],
  },
  environment: {
    red: [
      plant("core/worker/claim.ts", "const url = process.env.URL;"),
      plant("reporting/server/app.ts", "const url = Bun.env.URL;"),
      plant("reporting/server/app.ts", 'const url = Deno.env.get("URL");'),
    ],
    green: [
      plant("core/worker/main.ts", "const url = process.env.URL;"),
      plant("edge/main.bun.ts", "const url = Bun.env.URL;"),
      plant("scripts/test.ts", "const url = process.env.URL;"),
    ],
  },
  "host-name": {
    red: [
      plant("core/domain/ids.ts", "const a = Bun.hash(x);"),
      plant("core/store/mongo/claim.ts", "const a = process.pid;"),
      plant("core/handlers/route.ts", "const a = Deno.cwd();"),
      plant("edge/app.ts", "const a = Bun.serve({});"),
    ],
    green: [
      plant("edge/main.bun.ts", "const a = Bun.serve({});"),
      plant("edge/app_test.ts", 'Deno.test("x", () => {});'),
      plant("edge/app.ts", "const a = message.process.step; // on Bun. Or Deno. Or any process."),
      plant("connectors/http/listen.ts", "const a = Bun.serve({});"),
    ],
  },
  "host-import": {
    red: [
      plant("edge/app.ts", 'import { serve } from "bun";'),
      plant("core/domain/ids.ts", 'import { pid } from "node:process";'),
    ],
    green: [
      plant("edge/app.ts", 'import { join } from "node:path";'),
      plant("edge/app.test.ts", 'import { test } from "bun:test";'),
    ],
  },
  "import-direction": {
    red: [
      plant("core/worker/claim.ts", 'import { open } from "../../connectors/registry.ts";'),
      plant("core/worker/claim.test.ts", 'import { app } from "../../edge/app.ts";'),
      plant("core/worker/claim.ts", 'import { openSet } from "#testkit/replica-set.ts";'),
      plant("edge/app.ts", 'export * from "../reporting/server/app.ts";'),
      plant("connectors/registry.ts", 'const a = await import("../edge/app.ts");'),
      plant("reporting/server/app.ts", 'import type { A } from "../../cli/up.ts";'),
      plant("reporting/server/app.ts", 'import\n{\n  A,\n} from\n  "#testkit/hello.ts";'),
    ],
    green: [
      plant("core/worker/claim.int.test.ts", 'import { openSet } from "#testkit/replica-set.ts";'),
      plant("edge/app.ts", 'import { fold } from "#domain/fold.ts"; import { a } from "./auth.ts";'),
      plant("edge/app.test.ts", 'import { sim } from "../connectors/simulator/open.ts";'),
      plant("cli/up.ts", 'import { openSet } from "#testkit/replica-set.ts";'),
      plant("edge/app.ts", '// import { open } from "../connectors/registry.ts";'),
      plant("edge/app.ts", "const text = 'import { open } from \"../connectors/registry.ts\"';"),
    ],
  },
  "pure-domain": {
    red: [
      plant("core/domain/ids.ts", 'import { createHash } from "node:crypto";'),
      plant("core/domain/ids.ts", 'import { Hono } from "hono";'),
      plant("core/domain/ids.ts", 'import { claim } from "#core/store/store.ts";'),
    ],
    green: [
      plant("core/domain/ids.ts", 'import { z } from "zod"; import p from "libphonenumber-js/max";'),
      plant("core/domain/fold.ts", 'import { a } from "./ids.ts"; import { b } from "#domain/money.ts";'),
      plant("core/domain/fold.property.test.ts", 'import fc from "fast-check";'),
    ],
  },
  "package-mongodb": {
    red: [
      plant("edge/app.ts", 'import { MongoClient } from "mongodb";'),
      plant("core/store/store.ts", 'import type { Db } from "mongodb";'),
    ],
    green: [
      plant("core/store/mongo/claim.ts", 'import { MongoClient } from "mongodb";'),
      plant("testkit/replica-set.ts", 'import { MongoClient } from "mongodb";'),
      plant("edge/app.ts", 'import { a } from "mongodb-memory";'),
    ],
  },
  "package-smpp": {
    red: [plant("connectors/smpp/session.ts", 'import smpp from "smpp";')],
    green: [plant("core/smpp/codec.ts", 'import { PDU } from "smpp/lib/pdu.js";')],
  },
  "package-postgres": {
    red: [plant("core/ledger/charge.ts", 'import postgres from "postgres";')],
    green: [plant("reporting/projector/open.ts", 'import postgres from "postgres";')],
  },
  "open-task": {
    red: [plant("core/a.ts", "// TODO: later"), plant("docs/a.md", "# A\n\nFIXME\n")],
    green: [plant("core/a.ts", '// TODO(#12): later\nconst s = "TODO";'), plant("core/b.ts", "const TODO = 1;")],
  },
  "skip-without-reason": {
    red: [
      plant("core/a.test.ts", 'test.skip("x", () => {});'),
      plant("core/a.test.ts", 'describe.skip.each([1])("x", () => {});'),
      plant("core/a.test.ts", 'test.todo("x");'),
      plant("core/a.test.ts", 'test.skipIf(slow)("x", () => {});'),
    ],
    green: [
      plant("core/a.test.ts", '// needs a second machine\ntest.skip("x", () => {});'),
      plant("core/a.test.ts", 'test.todo("x"); // after #12'),
      plant("core/a.int.test.ts", "collection.find().skip(5);"),
    ],
  },
  only: {
    red: [plant("core/a.test.ts", '// just now\ntest.only("x", () => {});')],
    green: [plant("core/a.test.ts", 'test("x", () => only(1));')],
  },
  "machine-path": {
    red: [
      plant("core/a.ts", `// see ${slashed("work", "main")}`),
      plant("compose.yaml", `path: ${slashed("home", "ada", "godwit")}`),
      plant("docs/a.md", `# A\n\n\`${slashed("Users", "Ada", "godwit")}\`\n`),
    ],
    green: [
      plant("package-lock.json", `{ "from": "${slashed("work", "main")}" }`),
      plant("core/a.ts", `// core${slashed("work", "a.ts")} https://x.example${slashed("home", "ada", "x")}`),
    ],
  },
  "registry-host": {
    red: [
      plant("scripts/a.ts", `// https://${["registry", "npmjs", "org"].join(".")}/bun`),
      plant("bunfig.toml", `registry = "${["http:", "", "registry.corp.example"].join("/")}"`),
      plant("docs/a.md", `# A\n\nhttps://${["pypi", "org"].join(".")}/simple\n`),
    ],
    green: [
      plant("package-lock.json", `{ "from": "https://${["registry", "npmjs", "org"].join(".")}/bun" }`),
      plant("connectors/main.ts", "registry.connectors.get(name); // https://x.example/connectors/registry.ts"),
    ],
  },
  "one-title": {
    red: [plant("docs/a.md", "text\n"), plant("docs/a.md", "# A\n\n# B\n")],
    green: [plant("docs/a.md", "# A\n\n```sh\n# not a title\n```\n\n## B\n")],
  },
  "readme-lines": {
    red: [plant("README.md", `# A\n${"x\n".repeat(150)}`)],
    green: [plant("README.md", `# A\n${"x\n".repeat(149)}`), plant("docs/a.md", `# A\n${"x\n".repeat(300)}`)],
  },
  "complete-lockfile": {
    red: [plant("package-lock.json", lockfile({ "node_modules/a": { optionalDependencies: { "@a/mac": "1" } } }))],
    green: [
      plant(
        "package-lock.json",
        lockfile({ "node_modules/a": { optionalDependencies: { "@a/mac": "1" } }, "node_modules/@a/mac": {} }),
      ),
    ],
  },
  "dead-link": {
    red: [
      plant("README.md", "# A\n\n[x](docs/gone.md)\n"),
      plant("README.md", "# A\n\n[x](docs/guide.md#gone)\n"),
      plant("README.md", "# A\n\n[x](#gone)\n"),
      plant("docs/a.md", "# A\n\n[x]: ../core/gone.ts\n"),
      plant("docs/a.md", "# A\n\n[x](../core/fold.ts#L9)\n"),
      plant("docs/a.md", '# A\n\n<img src="gone.svg">\n'),
    ],
    green: [
      plant("README.md", "# A\n\n[x](docs/guide.md#one-messages-path) [y](docs/) [z](#a) [w](#twice)\n\n## Twice\n"),
      plant("docs/a.md", '# A\n\n[x](guide.md#twice-1 "title") [y](../core/fold.ts#L1-L2)\n'),
      plant("docs/a.md", "# A\n\n[x](https://example.org/gone) [y](mailto:a@example.org) `[z](gone.md)`\n"),
      plant("docs/a.md", "# A\n\n```md\n[x](gone.md)\n```\n"),
    ],
  },
};

function rulesBrokenBy({ path, text }: Plant): readonly string[] {
  return findUntidy(createRepo(new Map([...NEIGHBOURS, [path, text]]), ALIASES)).map(({ rule }) => rule);
}

describe("tidy", () => {
  test("every rule has planted faults, and every planted fault has its rule", () => {
    expect(Object.keys(PLANTS).sort()).toEqual(RULES.map(({ name }) => name).sort());
    for (const { red, green } of Object.values(PLANTS)) expect(Math.min(red.length, green.length)).toBeGreaterThan(0);
  });

  for (const [rule, { red, green }] of Object.entries(PLANTS)) {
    for (const [at, fault] of red.entries()) {
      test(`${rule} goes red on fault ${at + 1}, in ${fault.path}`, () => {
        expect(rulesBrokenBy(fault)).toContain(rule);
      });
    }
    for (const [at, neighbour] of green.entries()) {
      test(`${rule} stays green on neighbour ${at + 1}, in ${neighbour.path}`, () => {
        expect(rulesBrokenBy(neighbour)).not.toContain(rule);
      });
    }
  }

  test("a finding names its file, its line and the reason", () => {
    const repo = createRepo(new Map([["core/a.ts", "one;\n\nconst at = Math.random();\n"]]), {});
    expect(describeFindings(findUntidy(repo))).toStartWith("core/a.ts:3  real-randomness: 'Math.random' (time and");
  });
});
