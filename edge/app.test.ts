import { test } from "bun:test";
import { strict as assert } from "node:assert";
import { canaryCases } from "./cases/canary.conformance.ts";
import { cancelMessageCases } from "./cases/cancel-message.conformance.ts";
import { creditGateCases } from "./cases/credit-gate.conformance.ts";
import { getMessageCases, operateCases } from "./cases/get-message.conformance.ts";
import { idempotencyCases } from "./cases/idempotency.conformance.ts";
import { sendMessagesCases } from "./cases/send-messages.conformance.ts";
import { validationPropertyCases } from "./cases/validation-property.conformance.ts";

const harness = { test, assert };
creditGateCases(harness);
sendMessagesCases(harness);
idempotencyCases(harness);
getMessageCases(harness);
cancelMessageCases(harness);
canaryCases(harness);
operateCases(harness);
validationPropertyCases(harness);
