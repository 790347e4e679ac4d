/**
 * What every driver of the store promises, run against each of them. Times are short leases on the set's own clock; a
 * test waits for what it expects and never for a length of time.
 */
import { afterAll, beforeAll, describe } from "bun:test";
import type { MessageId } from "#domain/ids.ts";
import { describeBells } from "./conformance/bells.ts";
import { describeDirectory } from "./conformance/directory.ts";
import { mint, type StoreFixture } from "./conformance/kit.ts";
import { describeLapses, describeLeases, describeMarks } from "./conformance/leases.ts";
import { describeLog, describeLookUps, describeMessages } from "./conformance/log.ts";
import { describeBalances, describeEntries, describeMoney, describeSendKeys } from "./conformance/refusals.ts";
import { describeSmallState } from "./conformance/small-state.ts";
import { describeSpecialClaims } from "./conformance/special-claims.ts";
import { describeSteps } from "./conformance/steps.ts";
import { describeTentativeClaims } from "./conformance/tentative-claims.ts";
import type { Store } from "./store.ts";

export function describeStore(name: string, openFixture: () => Promise<StoreFixture>): void {
  describe(`store: ${name}`, () => {
    let fixture: StoreFixture;
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      fixture = await openFixture();
      store = await fixture.openStore();
      other = await fixture.openStore();
    });
    afterAll(async () => {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });
    const messageId = (): MessageId => mint.messageId(fixture.set);

    describeSteps(() => ({ store, other, messageId }));
    describeLeases(() => ({ store, other, messageId }));
    describeLapses(() => ({ store, other, messageId }));
    describeMarks(() => ({ store, other, messageId }));
    describeLog(() => ({ store, other, messageId, openStore: () => fixture.openStore() }));
    describeLookUps(() => ({ store, other, messageId }));
    describeMessages(() => ({ store, other, messageId }));
    describeSendKeys(() => ({ store, other, messageId }));
    describeBalances(() => ({ store, other, messageId }));
    describeMoney(() => ({ store, other, messageId }));
    describeEntries(() => ({ store, other, messageId }));
    describeBells(() => ({ store, other, messageId }));
    describeSpecialClaims(() => ({ store, other, messageId }));
    describeTentativeClaims(() => ({ store, other, messageId, openStore: () => fixture.openStore() }));
    describeSmallState(() => ({ store, other, messageId }));
    describeDirectory(() => ({ store, other, messageId }));
  });
}
