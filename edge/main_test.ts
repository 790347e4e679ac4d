import { strict as assert } from "node:assert";
import { configCases } from "./cases/config.conformance.ts";
import type { Harness } from "./cases/harness.ts";
import { socketCases } from "./cases/socket.conformance.ts";
import { runEdge, serveOnDeno } from "./main.deno.ts";

// Deno's report names a test by where Deno.test is called: here, and not in the shared cases.
const harness: Harness = { test: (name, run) => Deno.test(name, run), assert };
configCases(harness);
socketCases(harness, serveOnDeno);

Deno.test("runEdge() starts and stops with its only set away", async () => {
  const sets = [{ set: "syd1", region: "syd", uri: "mongodb://127.0.0.1:1/", database: "godwit" }];
  const env = { GODWIT_REGION: "syd", GODWIT_SETS: JSON.stringify(sets), GODWIT_EDGE_PORT: "0" };
  await runEdge(env, AbortSignal.abort());
});
