import { expect, test } from "bun:test";
import type { AccountId } from "#domain/ids.ts";
import type { AccountInput } from "./account.ts";
import { hashSmppPassword } from "./smpp-account.ts";
import { createDirectory, DirectoryRefusedError } from "./write-directory.ts";

const HASH = "a".repeat(64);
const account = (id: string, smpp?: object): AccountInput => ({
  ...{ id, name: id, currency: "AUD", inDoubt: "keep", keys: [] },
  // As somebody writes it who may be wrong.
  ...(smpp !== undefined && { smpp: { passwordSha256: HASH, ...smpp } as NonNullable<AccountInput["smpp"]> }),
});
const make = (...accounts: AccountInput[]) => createDirectory({ accounts, routes: [], numbers: [] });
function problems(...accounts: AccountInput[]): readonly string[] {
  try {
    make(...accounts);
    return [];
  } catch (error) {
    return error instanceof DirectoryRefusedError ? error.message.split("\n") : [String(error)];
  }
}

test("an account is found by its systemId, with defaults for what is not said", () => {
  const directory = make(account("acme", { systemId: "acme-1" }), account("other"));
  expect(directory.accountOfSystemId("acme-1")?.id).toBe("acme" as AccountId);
  expect(directory.accountOfSystemId("other")).toBeUndefined();
  const { passwordSha256: _, ...said } = directory.accountOfSystemId("acme-1")?.smpp ?? { passwordSha256: "" };
  expect(said).toEqual({
    systemId: "acme-1",
    bindsMax: 4,
    window: 50,
    submitsPerSecond: 100,
    allowedIps: [],
    defaultClass: "transactional",
    classes: ["alert", "transactional", "bulk"],
    receipts: "smpp",
    replies: true,
    onceByReference: false,
    alphabet: "gsm7",
  });
});

test("a systemId belongs to one account", () => {
  expect(problems(account("acme", { systemId: "one" }), account("other", { systemId: "one" }))).toEqual([
    "account/other smpp.systemId: 'one' is the systemId of another account: give each account its own",
  ]);
  expect(problems(account("acme", { systemId: "one" }), account("other", { systemId: "two" }))).toEqual([]);
});

test.each([
  [{ systemId: "sixteen-octets-x" }, "smpp.systemId: a systemId has 1 to 15 visible ASCII characters"],
  [{ systemId: "" }, "smpp.systemId"],
  [{ systemId: "a b" }, "smpp.systemId"],
  [{ systemId: "a", passwordSha256: "secret" }, "smpp.passwordSha256: must be what hashSmppPassword gives"],
  [{ systemId: "a", window: 0 }, "smpp.window"],
  [{ systemId: "a", allowedIps: ["10.0.0.1/8"] }, "smpp.allowedIps.0: must be an IP address or a range"],
  [{ systemId: "a", password: "secret" }, "smpp: Unrecognized key"],
])("%j is refused, and it is said where", (smpp, problem) => {
  expect(problems(account("acme", smpp)).join("\n")).toContain(`account/acme ${problem}`);
});

test("hashSmppPassword() differs by systemId, and takes what the wire can carry", async () => {
  expect(await hashSmppPassword("a", "secret")).not.toBe(await hashSmppPassword("b", "secret"));
  expect(() => hashSmppPassword("a", "ninechars")).toThrow("its length must be 1 to 8 characters");
  expect(() => hashSmppPassword("a", "")).toThrow(RangeError);
});
