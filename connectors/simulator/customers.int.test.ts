/** The customers' libraries that pip gives, against our simulator. */
import { test } from "bun:test";
import { playCustomer } from "#testkit/peers/customer-journey.ts";
import { HARD_TEXTS, openCustomerServer } from "./testing/customer-server.ts";

/** The first time its packages are fetched. */
const SET_UP_MS = 300_000;

test.each([["smpplib"], ["smpp34"]] as const)(
  "%s as a customer: hard texts, receipts, a refusal, a long reply",
  async (library) => {
    await using server = await openCustomerServer();
    await playCustomer(library, server, HARD_TEXTS);
  },
  SET_UP_MS,
);
