import { expect, test } from "bun:test";
import type { AccountId } from "#domain/ids.ts";
import { ACCOUNT_DEPTH_MAX, createAccountTree, type TreeAccount, treeProblems } from "./account-tree.ts";
import { createDirectory, directorySchema } from "./directory.ts";

const account = (id: string, parent?: string, over: Partial<TreeAccount> = {}): TreeAccount => ({
  id: id as AccountId,
  status: "active",
  ...(parent !== undefined && { parent: parent as AccountId }),
  ...over,
});
const line = (levels: number): readonly TreeAccount[] =>
  Array.from({ length: levels }, (_, i) => account(`a${i}`, i === 0 ? undefined : `a${i - 1}`));
const treeOf = (...accounts: readonly TreeAccount[]) =>
  createAccountTree(new Map(accounts.map((one) => [one.id, one])));
const acme = "acme" as AccountId;

test("a chain goes from the customer to the top, and what is taken above is taken below", () => {
  const top = account("top", undefined, { classes: ["bulk", "alert"] });
  const middle = account("reseller", "top", { status: "suspended" });
  const tree = treeOf(account("acme", "reseller", { classes: ["alert", "transactional"] }), middle, top);
  expect(tree.chain(acme).map(({ id }) => id)).toEqual(["acme", "reseller", "top"] as AccountId[]);
  expect(tree.standing(acme)).toEqual({ status: "suspended", classes: ["alert"] });
  expect(tree.standing("top" as AccountId)).toEqual({ status: "active", classes: ["alert", "bulk"] });
  expect(tree.standing("nobody" as AccountId)).toBeUndefined();
  expect(tree.chain("nobody" as AccountId)).toEqual([]);
});

test("closed outweighs suspended, wherever in the chain it is", () => {
  const tree = treeOf(account("acme", "top", { status: "suspended" }), account("top", undefined, { status: "closed" }));
  expect(tree.standing(acme)?.status).toBe("closed");
});

test("circles, missing parents, repeated ids and depth are told by the account's place", () => {
  expect(treeProblems([account("acme", "nobody")])).toEqual([
    { index: 0, field: "parent", message: "there is no account 'nobody': make it first" },
  ]);
  expect(treeProblems([account("one", "two"), account("two", "one"), account("own", "own")])).toMatchObject([
    { index: 0, field: "parent" },
    { index: 1, field: "parent" },
    { index: 2, field: "parent" },
  ]);
  expect(treeProblems([account("acme"), account("acme")])).toMatchObject([{ index: 0, field: "id" }]);
  expect(treeProblems(line(ACCOUNT_DEPTH_MAX))).toEqual([]);
  expect(treeProblems(line(ACCOUNT_DEPTH_MAX + 1))).toMatchObject([{ index: ACCOUNT_DEPTH_MAX, field: "parent" }]);
});

test("a directory refuses a wrong tree, and knows no key and no bind of a closed account", () => {
  const one = { name: "One", currency: "EUR", inDoubt: "keep", keys: [] };
  const bodyOf = (...accounts: readonly object[]) => ({ accounts, routes: [], numbers: [] });
  expect(directorySchema.safeParse(bodyOf({ ...one, id: "acme", parent: "nobody" })).error?.issues).toMatchObject([
    { path: ["accounts", 0, "parent"] },
  ]);
  const keys = [{ id: "acme1", secretSha256: "0".repeat(64) }];
  const smpp = { systemId: "acme-1", passwordSha256: "0".repeat(64) };
  const read = (status: string) => {
    const body = bodyOf({ ...one, id: "top", status }, { ...one, id: "acme", parent: "top", keys, smpp });
    const directory = createDirectory(1, directorySchema.parse(body));
    const [key, bind] = [directory.key("acme1"), directory.accountOfSystemId("acme-1")];
    return [directory.account(acme)?.id, key?.account.id, bind?.id];
  };
  expect(read("suspended")).toEqual([acme, acme, acme]);
  expect(read("closed")).toEqual([acme, undefined, undefined]);
});
