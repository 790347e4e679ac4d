import { expect, test } from "bun:test";
import type { AccountId } from "#domain/ids.ts";
import { ACCOUNT_DEPTH_MAX, chainOf, standingOf, type TreeAccount, treeProblem } from "./account-tree.ts";
import type { DirectoryInput } from "./records.ts";
import { createDirectory } from "./write-directory.ts";

const account = (id: string, parent?: string, over: Partial<TreeAccount> = {}): TreeAccount => ({
  id: id as AccountId,
  status: "active",
  ...(parent !== undefined && { parent: parent as AccountId }),
  ...over,
});
const line = (levels: number): readonly TreeAccount[] =>
  Array.from({ length: levels }, (_, i) => account(`a${i}`, i === 0 ? undefined : `a${i - 1}`));
const treeOf = (...accounts: readonly TreeAccount[]) => {
  const byId = new Map(accounts.map((one) => [one.id, one]));
  return {
    chain: (id: string) => chainOf(id as AccountId, byId).map((one) => `${one.id}`),
    standing: (id: string) => standingOf(chainOf(id as AccountId, byId)),
    problems: () => accounts.flatMap((one) => treeProblem(one, byId) ?? []),
  };
};
const acme = "acme" as AccountId;

test("a chain goes from the customer to the top, and what is taken above is taken below", () => {
  const top = account("top", undefined, { classes: ["bulk", "alert"] });
  const middle = account("reseller", "top", { status: "suspended" });
  const tree = treeOf(account("acme", "reseller", { classes: ["alert", "transactional"] }), middle, top);
  expect(tree.chain(acme)).toEqual(["acme", "reseller", "top"]);
  expect(tree.standing(acme)).toEqual({ status: "suspended", classes: ["alert"] });
  expect(tree.standing("top")).toEqual({ status: "active", classes: ["alert", "bulk"] });
  expect(tree.chain("nobody")).toEqual([]);
});

test("closed outweighs suspended, wherever in the chain it is", () => {
  const tree = treeOf(account("acme", "top", { status: "suspended" }), account("top", undefined, { status: "closed" }));
  expect(tree.standing(acme).status).toBe("closed");
});

test("circles, missing parents and depth are told", () => {
  expect(treeOf(account("acme", "nobody")).problems()).toEqual(["there is no account 'nobody': make it first"]);
  const circles = treeOf(account("one", "two"), account("two", "one"), account("own", "own"));
  expect(circles.problems().map((each) => each.split(" ", 4).join(" "))).toEqual([
    "'one' is below itself,",
    "'two' is below itself,",
    "'own' is below itself,",
  ]);
  expect(treeOf(...line(ACCOUNT_DEPTH_MAX)).problems()).toEqual([]);
  expect(treeOf(...line(ACCOUNT_DEPTH_MAX + 1)).problems()).toHaveLength(1);
});

test("a directory refuses a wrong tree, and knows no key and no bind of a closed account", () => {
  const one = { name: "One", currency: "EUR", inDoubt: "keep" as const, keys: [] };
  const bodyOf = (...accounts: DirectoryInput["accounts"]) => ({ accounts, routes: [], numbers: [] });
  expect(() => createDirectory(bodyOf({ ...one, id: "acme", parent: "nobody" }))).toThrow(
    "account/acme parent: there is no account 'nobody': make it first",
  );
  expect(() => createDirectory(bodyOf({ ...one, id: "acme" }, { ...one, id: "acme" }))).toThrow("it is there twice");
  const keys = [{ id: "acme1", secretSha256: "0".repeat(64) }];
  const smpp = { systemId: "acme-1", passwordSha256: "0".repeat(64) };
  const read = (status: "suspended" | "closed") => {
    const body = bodyOf({ ...one, id: "top", status }, { ...one, id: "acme", parent: "top", keys, smpp });
    const directory = createDirectory(body);
    const [key, bind] = [directory.key("acme1"), directory.accountOfSystemId("acme-1")];
    return [directory.account(acme)?.id, key?.account.id, bind?.id];
  };
  expect(read("suspended")).toEqual([acme, acme, acme]);
  expect(read("closed")).toEqual([acme, undefined, undefined]);
});
