import { expect, test } from "bun:test";
import { createDirectory, directorySchema } from "#core/directory/directory.ts";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import { judgeBind } from "./judge-bind.ts";

const account = {
  ...{ id: "acme", name: "Acme", currency: "AUD", inDoubt: "keep", keys: [], prices: [] },
  smpp: { systemId: "acme", passwordSha256: await hashSmppPassword("acme", "secret"), allowedIps: ["10.0.0.0/8"] },
};
const directory = createDirectory(1, directorySchema.parse({ accounts: [account], routes: [], numbers: [] }));

async function judge(system_id: string, password: string, address = "10.1.2.3"): Promise<string> {
  const verdict = await judgeBind({ system_id, password }, { directory, address });
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
  const verdict = await judgeBind({ system_id: "acme", password: "secret" }, { directory: undefined, address: "" });
  expect(verdict).toEqual({ type: "refused", reason: "not_ready" });
});
