/** Opt-outs, the copy of the directory, reachability. */
import { expect, test } from "bun:test";
import { systemClock } from "#domain/clock.ts";
import type { E164 } from "#domain/e164.ts";
import type { AccountId } from "#domain/ids.ts";
import { optOutKey } from "../store.ts";
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
