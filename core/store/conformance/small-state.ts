/** Opt-outs, the set's standing, registers, reachability. */
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

  test("registers: of many that write at once one does, and the others are told so", async () => {
    const { store, other } = setup();
    const name = `slots/${systemClock.now()}`;
    expect(await store.registers.read(name)).toMatchObject({ version: 0, body: undefined });
    for (let version = 0; version < 3; version++) {
      const writers = [store, other, store, other, store, other];
      const written = await Promise.all(
        writers.map((each, i) => each.registers.replace(name, version, { version, writer: i, $text: "$$NOW" })),
      );
      expect(written.filter((won) => won)).toHaveLength(1);
      const { body, ...read } = await other.registers.read(name);
      expect(read.version).toBe(version + 1);
      expect(body).toEqual({ version, writer: written.indexOf(true), $text: "$$NOW" });
      expect(Math.abs(read.now - systemClock.now())).toBeLessThan(5_000);
    }
    expect(await store.registers.replace(name, 1, {})).toBe(false);
    expect(await store.registers.replace(name, 9, {})).toBe(false);
  });

  test("ping() resolves while the set can be reached", async () => {
    await setup().store.ping();
  });
}
