import { strict as assert } from "node:assert";
import { committerCases } from "./cases/committer.conformance.ts";
import { pacingCases } from "./cases/pacing.conformance.ts";

committerCases({ test: Deno.test, assert });
pacingCases({ test: Deno.test, assert });
