import { strict as assert } from "node:assert";
import { getMessageCases, operateCases } from "./cases/get-message.conformance.ts";
import { sendMessagesCases } from "./cases/send-messages.conformance.ts";
import { validationPropertyCases } from "./cases/validation-property.conformance.ts";

const harness = { test: Deno.test, assert };
sendMessagesCases(harness);
getMessageCases(harness);
operateCases(harness);
validationPropertyCases(harness);
