/** Opt-outs, the set's standing, the copy of the directory, reachability. */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { E164 } from "#domain/e164.ts";
import type { AccountId } from "#domain/ids.ts";
import type { OptOutChange } from "#domain/item.ts";
import { type OptOutKey, optOutKey } from "../store.ts";
import { account, type Bundle } from "./kit.ts";

export function describeSmallState(setup: () => Bundle): void {
  test("opt-outs: the later change wins in any order, and only that number of that account is out", async () => {
    const { store, other } = setup();
    const number = `+6141${systemClock.now().toString().slice(-7)}` as E164;
    await store.commit({ optOuts: [{ account, number, out: true, at: 20 }] });
    await other.commit({ optOuts: [{ account, number, out: false, at: 10 }] });
    const keys = [optOutKey(account, number), optOutKey("other" as AccountId, number)];
    expect(await store.optedOut(keys)).toEqual(new Set(keys.slice(0, 1)));
    await other.commit({ optOuts: [{ account, number, out: false, at: 30 }] });
    expect(await store.optedOut(keys)).toEqual(new Set());
  });

  test("optOutChanges() gives every pair's latest change once, page by page", async () => {
    const { store } = setup();
    const own = `acct${systemClock.now()}` as AccountId;
    const changes = ["+61400000001", "+61400000002", "+61400000003"].map((number, i) => ({
      ...{ account: own, number: number as E164, out: i !== 1, at: 10 + i },
    }));
    await store.commit({ optOuts: changes });
    const found: OptOutChange[] = [];
    for (let after: OptOutKey | undefined; ; ) {
      const page = await store.optOutChanges(after === undefined ? { max: 2 } : { after, max: 2 });
      found.push(...page.filter(({ account }) => account === own));
      const last = page.at(-1);
      if (last === undefined) break;
      after = optOutKey(last.account, last.number);
    }
    expect(found).toEqual(changes);
  });

  test("standing: in service until somebody declares it restored, for every process", async () => {
    const { store, other } = setup();
    expect(await store.standing()).toBe("in_service");
    await store.declareStanding("restored");
    expect(await other.standing()).toBe("restored");
    await other.declareStanding("in_service");
    expect(await store.standing()).toBe("in_service");
  });

  test("directory: a lower or equal version is ignored", async () => {
    const { store, other } = setup();
    await store.directory.write({ version: 5, body: { five: "$not a field" } });
    await other.directory.write({ version: 4, body: { four: true } });
    await other.directory.write({ version: 5, body: { another: true } });
    expect(await other.directory.read()).toEqual({ version: 5, body: { five: "$not a field" } });
  });

  test("ping() resolves while the set can be reached", async () => {
    await setup().store.ping();
  });
}
