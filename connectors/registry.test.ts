import { expect, test } from "bun:test";
import { connectorTypes } from "./registry.ts";

const SETTINGS = { provider: "acme", host: "smsc.example", port: 2775, systemId: "godwit", password: "secret" };

test("settings have defaults, and a wrong or unknown one is named", () => {
  expect(connectorTypes.smpp.parse(SETTINGS)).toMatchObject({
    success: true,
    data: { binds: 1, window: 50, interfaceVersion: 0x34, addresses: { alphanumeric: { ton: 5, npi: 0 } } },
  });
  const wrong = connectorTypes.smpp.parse({ ...SETTINGS, port: 0, widnow: 10 });
  expect(wrong.success).toBe(false);
  expect(wrong.error?.message).toContain("port");
  expect(wrong.error?.message).toContain("widnow");
});
