/** The customers' libraries that pip gives, against our server over a real replica set. */
import { test } from "bun:test";
import { playCustomer } from "#testkit/peers/customer-journey.ts";
import { openOurServer } from "#testkit/peers/our-server.ts";
import { HARD_TEXTS } from "../../connectors/simulator/testing/customer-server.ts";

/** The first time its packages are fetched. */
const SET_UP_MS = 300_000;

test.each([["smpplib"], ["smpp34"]] as const)(
  "%s as a customer: hard texts, receipts, a refusal, a long reply",
  async (library) => {
    await using server = await openOurServer();
    await playCustomer(library, server, HARD_TEXTS);
  },
  SET_UP_MS,
);
