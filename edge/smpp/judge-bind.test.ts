import { expect, spyOn, test } from "bun:test";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import { createDirectory } from "#core/directory/write-directory.ts";
import { createAddressLists } from "./address-lists.ts";
import { judgeBind, proofOf, statusOfRefusal } from "./judge-bind.ts";

const account = {
  ...{ id: "acme", name: "Acme", currency: "AUD", inDoubt: "keep" as const, keys: [] },
  smpp: { systemId: "acme", passwordSha256: await hashSmppPassword("acme", "secret"), allowedIps: ["10.0.0.0/8"] },
};
const directory = createDirectory({ accounts: [account], routes: [], numbers: [] });

const lists = createAddressLists();

async function judge(system_id: string, password: string, address = "10.1.2.3"): Promise<string> {
  const verdict = await judgeBind({ system_id, password }, { directory, address, lists });
  return verdict.type === "good" ? verdict.account.id : verdict.reason;
}

test("the right password from an allowed address is good", async () => {
  expect(await judge("acme", "secret")).toBe("acme");
  expect(await judge("acme", "secret", "::ffff:10.9.9.9")).toBe("acme");
});

test("anything else is refused with its reason; an address is not looked at before the password is right", async () => {
  expect(await judge("acme", "Secret")).toBe("password");
  expect(await judge("acme", "")).toBe("password");
  expect(await judge("acme", "secretxxx")).toBe("password");
  expect(await judge("other", "secret")).toBe("system_id");
  expect(await judge("", "")).toBe("system_id");
  expect(await judge("acme", "secret", "11.0.0.1")).toBe("address");
  expect(await judge("acme", "wrong", "11.0.0.1")).toBe("password");
  const verdict = await judgeBind(
    { system_id: "acme", password: "secret" },
    { directory: undefined, address: "", lists },
  );
  expect(verdict).toEqual({ type: "refused", reason: "not_ready" });
});

test("an account that does not exist is answered as a wrong password is, for the same work", async () => {
  expect(statusOfRefusal.system_id).toBe(statusOfRefusal.password);
  const digest = spyOn(crypto.subtle, "digest");
  const hashed: number[][] = [];
  for (const [systemId, password] of [
    ["acme", "wrong"],
    ["nobody", "wrong"],
    ["acme", ""],
    ["nobody", ""],
    ["acme", "wrong for its length"],
    ["nobody", "wrong for its length"],
  ] as const) {
    digest.mockClear();
    await judge(systemId, password);
    hashed.push(digest.mock.calls.map(([, octets]) => (octets as Uint8Array).byteLength - systemId.length));
  }
  digest.mockRestore();
  expect(hashed.map((calls) => calls.length)).toEqual([1, 1, 1, 1, 1, 1]);
  expect([hashed[0], hashed[2], hashed[4]]).toEqual([hashed[1], hashed[3], hashed[5]]);
});

test("only a password that was looked at, from where it may be, proves or fails to prove anything", () => {
  const proofs = (["not_ready", "system_id", "password", "address", "too_many_binds"] as const).map((reason) =>
    proofOf({ type: "refused", reason }),
  );
  expect(proofs).toEqual(["neither", "guessed", "guessed", "neither", "neither"]);
});
