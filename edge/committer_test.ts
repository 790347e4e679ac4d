import { strict as assert } from "node:assert";
import { committerCases } from "./cases/committer.conformance.ts";
import type { Harness } from "./cases/harness.ts";
import { keyedSendCases } from "./cases/keyed-sends.conformance.ts";
import { movedKeyCases } from "./cases/moved-keys.conformance.ts";
import { pacingCases } from "./cases/pacing.conformance.ts";

// Deno's report names a test by where Deno.test is called: here, and not in the shared cases.
const harness: Harness = { test: (name, run) => Deno.test(name, run), assert };
committerCases(harness);
pacingCases(harness);
keyedSendCases(harness);
movedKeyCases(harness);
