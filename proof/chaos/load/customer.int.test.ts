import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { openRunFolder, type RunFolder } from "../recorder/run-folder.ts";
import { createCustomer, type SendRequest } from "./customer.ts";

let answer: () => Response;
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer() });
const url = `http://127.0.0.1:${server.port}`;
afterAll(() => server.stop(true));

let dir: string;
let folder: RunFolder;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "godwit-customer-"));
});
afterAll(() => rmSync(dir, { recursive: true }));
let runs = 0;
beforeEach(() => {
  runs++;
  folder = openRunFolder(join(dir, `${runs}`), systemClock);
});

const account = { id: "a", apiKey: "k", numbers: [], canary: "" };
const request: SendRequest = { account, key: "k-1", class: "bulk", from: "Godwit", to: ["+61410000001"], text: "x" };

async function linesOf(): Promise<readonly object[]> {
  await folder[Symbol.asyncDispose]();
  const text = readFileSync(join(folder.dir, "client.jsonl"), "utf8").trim();
  return text.split("\n").map((line) => JSON.parse(line) as object);
}

const cases: readonly (readonly [what: string, respond: () => Response, end: object])[] = [
  ["one accepted", () => Response.json({ id: "s-1" }, { status: 202 }), { type: "ok", ids: ["s-1"], replayed: false }],
  [
    "many accepted before",
    () => {
      const headers = { "idempotency-replayed": "true" };
      return Response.json({ messages: [{ id: "s-1" }, { id: "s-2" }] }, { status: 202, headers });
    },
    { type: "ok", ids: ["s-1", "s-2"], replayed: true },
  ],
  [
    "nothing sent",
    () => Response.json({ code: "unavailable" }, { status: 503 }),
    { type: "fail", status: 503, code: "unavailable" },
  ],
  [
    "a mistake of ours",
    () => Response.json({ code: "validation_failed" }, { status: 422 }),
    { type: "fail", status: 422, code: "validation_failed" },
  ],
  [
    "nobody knows",
    () => Response.json({ code: "outcome_unknown", ids: ["s-1"] }, { status: 503 }),
    { type: "info", status: 503, code: "outcome_unknown", ids: ["s-1"] },
  ],
  ["a defect", () => new Response("oops", { status: 500 }), { type: "info", status: 500, code: "no_problem" }],
];
for (const [what, respond, end] of cases) {
  test(`writes down what a send came to: ${what}`, async () => {
    answer = respond;
    await createCustomer("client-0", url, folder).send(request);
    const [invoke, ended] = await linesOf();
    expect(invoke).toMatchObject({ process: "client-0", op: 1, type: "invoke", f: "send", account: "a", key: "k-1" });
    expect(ended).toMatchObject({ process: "client-0", op: 1, f: "send", ...end });
    expect(JSON.stringify(invoke)).not.toContain("apiKey");
  });
}

test("a send without an answer may have happened", async () => {
  await createCustomer("client-0", "http://127.0.0.1:1", folder).send(request);
  expect((await linesOf())[1]).toMatchObject({ type: "info", status: 0, code: "no_answer" });
});

test("a status read keeps the whole answer; a 404 is an answer too", async () => {
  const customer = createCustomer("client-0", url, folder);
  answer = () => Response.json({ id: "s-1", status: "delivered" });
  await customer.status(account, "s-1");
  answer = () => Response.json({ code: "not_found" }, { status: 404 });
  await customer.status(account, "s-2");
  const lines = await linesOf();
  expect(lines[1]).toMatchObject({ type: "ok", status: 200, state: "delivered", body: expect.stringContaining("s-1") });
  expect(lines[3]).toMatchObject({ type: "ok", status: 404, op: 2 });
});
