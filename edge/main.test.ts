import { expect, test } from "bun:test";
import { strict as assert } from "node:assert";
import { configCases } from "./cases/config.conformance.ts";
import { socketCases } from "./cases/socket.conformance.ts";
import { runEdge, serveOnBun } from "./main.bun.ts";
import { problems } from "./problem.ts";

configCases({ test, assert });
socketCases({ test, assert }, serveOnBun);

test("runEdge() starts and stops with its only set away", async () => {
  const sets = [{ set: "syd1", region: "syd", uri: "mongodb://127.0.0.1:1/", database: "godwit" }];
  const env = { GODWIT_REGION: "syd", GODWIT_SETS: JSON.stringify(sets), GODWIT_EDGE_PORT: "0" };
  await runEdge(env, AbortSignal.abort());
}, 30_000);

test("every problem has its row in docs/INTEGRATE.md, which its type points to", async () => {
  const document = await Bun.file(new URL("../docs/INTEGRATE.md", import.meta.url)).text();
  const cells = document.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const statuses = new Map(cells.map(([, code, status]) => [code, status]));
  for (const [code, { status }] of Object.entries(problems)) {
    expect(statuses.get(`<a id="${code}"></a>\`${code}\``), code).toBe(`${status}`);
  }
});
