/** jSMPP as a customer of our simulator; the libraries that pip gives are in `customers.int.test.ts`. */
import { test } from "bun:test";
import { playCustomer } from "#testkit/peers/customer-journey.ts";
import { HARD_TEXTS, openCustomerServer } from "./testing/customer-server.ts";

const SET_UP_MS = 600_000;

test(
  "jSMPP as a customer: hard texts, receipts, a refusal, a long reply",
  async () => {
    await using server = await openCustomerServer();
    await playCustomer("jsmpp", server, HARD_TEXTS);
  },
  SET_UP_MS,
);
