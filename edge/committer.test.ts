import { test } from "bun:test";
import { strict as assert } from "node:assert";
import { committerCases } from "./cases/committer.conformance.ts";
import { keyedSendCases } from "./cases/keyed-sends.conformance.ts";
import { movedKeyCases } from "./cases/moved-keys.conformance.ts";
import { pacingCases } from "./cases/pacing.conformance.ts";

committerCases({ test, assert });
pacingCases({ test, assert });
keyedSendCases({ test, assert });
movedKeyCases({ test, assert });
