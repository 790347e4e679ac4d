import { strict as assert } from "node:assert";
import { committerCases } from "./cases/committer.conformance.ts";

committerCases({ test: Deno.test, assert });
