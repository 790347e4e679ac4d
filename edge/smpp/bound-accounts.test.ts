import { expect, test } from "bun:test";
import type { Account } from "#core/directory/account.ts";
import type { SmppAccount } from "#core/directory/smpp-account.ts";
import type { Session } from "#core/smpp/session.ts";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { createBoundAccounts } from "./bound-accounts.ts";

test("binding anew brings no new second's worth of submits; a second without binds does", () => {
  const clock = createManualClock();
  const bound = createBoundAccounts(clock);
  const account = { id: "acme" } as Account;
  const smpp = { bindsMax: 1, systemId: "acme", passwordSha256: "" } as SmppAccount;
  const bind = () => {
    const session = { state: "bound" } as Session;
    return { session, rate: bound.add(session, account, smpp)?.rate };
  };
  const first = bind();
  expect(first.rate?.take(100, 100)).toBe(true);
  bound.remove(first.session);
  const second = bind();
  expect(second.rate?.take(100, 100)).toBe(false);
  bound.remove(second.session);
  clock.advance(1_000);
  expect(bind().rate?.take(100, 100)).toBe(true);
});
